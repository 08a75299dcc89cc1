package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.ingest.RemoteWriteBody;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All ways in and all ways out of a packaged node, and what tenants see of each other. */
class ProtocolsIT {

  @TempDir static Path directory;

  private static NodeProcess node;

  @BeforeAll
  static void start() {
    node = NodeProcess.up(directory);
  }

  @AfterAll
  static void stop() {
    assertThat(node.terminate()).as(node::logText).isZero();
  }

  /** One sample of {@code way_seen}, which the line protocol writes as measurement and field. */
  private record Sample(String host, double value, Instant time) {}

  @FunctionalInterface
  private interface Writer {
    HttpResponse<String> write(Sample sample, String... headers);
  }

  private static Map<String, Writer> ways() {
    Map<String, Writer> ways = new LinkedHashMap<>();
    ways.put(
        "metric-name", (s, h) -> node.post("/metrics/ingest", row(s, "metric_name", "labels"), h));
    ways.put("name", (s, h) -> node.post("/api/v1/metrics/ingest", row(s, "name", "labels"), h));
    ways.put(
        "dimensions",
        (s, h) ->
            node.post(
                "/api/v1/metrics/ingest/batch",
                "{\"metrics\":[" + row(s, "metric_name", "dimensions") + "]}",
                h));
    ways.put(
        "batch",
        (s, h) ->
            node.post(
                "/api/v1/metrics/batch",
                "{\"metrics\":[" + row(s, "name", "dimensions") + "]}",
                h));
    ways.put(
        "remote-write",
        (s, h) ->
            node.postBytes(
                "/api/v1/write",
                new RemoteWriteBody()
                    .series(
                        s.time().toEpochMilli(),
                        s.value(),
                        "__name__",
                        "way_seen",
                        "host",
                        s.host())
                    .snappy(),
                with(
                    h,
                    "Content-Encoding",
                    "snappy",
                    "Content-Type",
                    "application/x-protobuf",
                    "X-Prometheus-Remote-Write-Version",
                    "0.1.0")));
    ways.put("line", (s, h) -> node.postBytes("/write?precision=ms", bytes(line(s)), h));
    ways.put(
        "line-gzip",
        (s, h) ->
            node.postBytes(
                "/api/v2/write?precision=ms&bucket=b&org=o",
                gzip(line(s)),
                with(h, "Content-Encoding", "gzip")));
    ways.put(
        "text",
        (s, h) ->
            node.postBytes(
                "/api/v1/import/prometheus",
                bytes(
                    "# TYPE way_seen gauge\nway_seen{host=\"%s\"} %s %d\n"
                        .formatted(s.host(), s.value(), s.time().toEpochMilli())),
                with(h, "Content-Type", "text/plain; version=0.0.4")));
    return ways;
  }

  private static String row(Sample sample, String name, String labels) {
    return "{\"%s\":\"way_seen\",\"value\":%s,\"timestamp\":\"%s\",\"%s\":{\"host\":\"%s\"}}"
        .formatted(name, sample.value(), sample.time(), labels, sample.host());
  }

  private static String line(Sample sample) {
    return "way,host=%s seen=%s %d\n"
        .formatted(sample.host(), sample.value(), sample.time().toEpochMilli());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] gzip(String text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes(text));
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
    return out.toByteArray();
  }

  private static String[] with(String[] headers, String... more) {
    List<String> all = new java.util.ArrayList<>(List.of(headers));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static double ownMetric(String line) {
    return node.get("/metrics")
        .body()
        .lines()
        .filter(text -> text.startsWith(line + " "))
        .mapToDouble(text -> Double.parseDouble(text.substring(line.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whatComesInOneWayIsSeenEveryOther() {
    Instant time = Instant.now().truncatedTo(ChronoUnit.SECONDS).minusSeconds(60);
    double ingested = ownMetric("metrics_ingested_total");
    Map<String, Double> expected = new LinkedHashMap<>();
    ways()
        .forEach((name, way) -> {
          double value = 1.5 + expected.size();
          HttpResponse<String> answer =
              way.write(new Sample(name, value, time), "X-Tenant-ID", "ways");
          assertThat(answer.statusCode()).as("%s: %s", name, answer.body()).isIn(201, 204);
          expected.put(name, value);
        });
    assertThat(ownMetric("metrics_ingested_total") - ingested).isEqualTo(expected.size());
    double queries = ownMetric("query_requests_total");
    expected.forEach((host, value) -> seenEverywhere(host, value, time));
    assertThat(ownMetric("query_requests_total") - queries).isEqualTo(7.0 * expected.size());
    assertThat(ownMetric("metrics_query_duration_seconds_count")).isGreaterThanOrEqualTo(queries);

    JsonObject info = node.getJson("/metrics/way_seen/info", "X-Tenant-ID", "ways");
    assertThat(info.getInt("series")).isEqualTo(expected.size());
    assertThat(info.getInt("samples")).isEqualTo(expected.size());
    assertThat(strings(info.getJsonObject("labels").getJsonArray("host")))
        .containsExactlyInAnyOrderElementsOf(expected.keySet());
    assertThat(strings(node.getJson("/api/hosts", "X-Tenant-ID", "ways").getJsonArray("hosts")))
        .containsExactlyInAnyOrderElementsOf(expected.keySet());
    assertThat(node.get("/api/metrics", "X-Tenant-ID", "ways").body())
        .isEqualTo("{\"metrics\":[\"way_seen\"]}");
    assertThat(node.get("/metrics/list?search=way", "X-Tenant-ID", "ways").body())
        .contains("\"name\":\"way_seen\"", "\"series\":" + expected.size(), "\"total\":1");
  }

  private static void seenEverywhere(String host, double value, Instant time) {
    String[] tenant = {"X-Tenant-ID", "ways"};
    String range = "\"start_time\":\"%s\",\"end_time\":\"%s\"".formatted(time, time);
    String question = "{\"metric_name\":\"way_seen\",\"labels\":{\"host\":\"%s\"},".formatted(host);
    String labels = URLEncoder.encode("{\"host\":\"" + host + "\"}", StandardCharsets.UTF_8);
    String sample = "{\"timestamp\":\"%s\",\"value\":%s,".formatted(time, value);
    assertThat(node.post("/query", question + "\"function\":\"raw\"," + range + "}", tenant).body())
        .contains("[" + sample);
    assertThat(
            node.get(
                    "/query/raw?metric_name=way_seen&start_time=%s&end_time=%s&labels=%s"
                        .formatted(time, time, labels),
                    tenant)
                .body())
        .contains("[" + sample);
    assertThat(node.post("/query", question + "\"function\":\"sum\"," + range + "}", tenant).body())
        .contains("\"value\":" + value);
    assertThat(
            node.post(
                    "/api/v1/metrics/query",
                    question.replace("labels", "dimensions") + "\"aggregate\":false," + range + "}",
                    tenant)
                .body())
        .contains("[" + sample);
    assertThat(node.get("/api/metrics/way_seen?start=1h&host=" + host, tenant).body())
        .contains("\"points_returned\":1")
        .contains("{\"time\":\"%s\",\"value\":%s}".formatted(time, value));
    assertThat(node.get("/api/metrics/way_seen/latest?host=" + host, tenant).body())
        .contains("\"time\":\"%s\",\"value\":%s".formatted(time, value));
    assertThat(node.get("/api/v1/metrics/latest/way_seen?host=" + host, tenant).body())
        .contains("\"value\":" + value);
  }

  private static List<String> strings(JsonArray array) {
    return array.getValuesAs(jakarta.json.JsonString::getString);
  }

  @Test
  void theSameSampleInAllWaysIsOneSample() {
    Instant time = Instant.parse("2025-12-03T12:00:00Z");
    ways()
        .values()
        .forEach(way -> way.write(new Sample("same", 7.25, time), "X-Tenant-ID", "same-sample"));
    JsonObject answer =
        node.getJson(
            "/query/raw?metric_name=way_seen&start_time=2025-12-03&end_time=2025-12-04",
            "X-Tenant-ID",
            "same-sample");
    assertThat(answer.getJsonArray("data")).hasSize(1);
  }

  @Test
  void noTenantSeesAnother() {
    Instant time = Instant.now().truncatedTo(ChronoUnit.SECONDS).minusSeconds(30);
    String row =
        "{\"metric_name\":\"%s\",\"value\":%d,\"timestamp\":\"%s\",\"labels\":{\"host\":\"%s\"},"
            + "\"unit\":\"secret-unit\"}";
    assertThat(
            node.post("/metrics/ingest", row.formatted("secret", 1, time, "ha"), "X-Tenant-ID", "a")
                .statusCode())
        .isEqualTo(201);
    node.post("/metrics/ingest", row.formatted("shared", 10, time, "ha"), "X-Tenant-ID", "a");
    node.post("/metrics/ingest", row.formatted("shared", 20, time, "hb"), "X-Scope-OrgID", "b");
    List<String> paths =
        List.of(
            "/query/raw?metric_name=secret",
            "/metrics/secret/info",
            "/api/metrics/secret?start=1h",
            "/api/metrics/secret/latest?host=ha",
            "/api/v1/metrics/latest/secret");
    List<String> questions =
        List.of(
            "{\"metric_name\":\"secret\",\"function\":\"avg\"}",
            "{\"metric_name\":\"secret\",\"function\":\"raw\",\"matchers\":[\"host=~\\\".*\\\"\"]}",
            "{\"metric_name\":\"secret\",\"aggregate\":true}",
            "{\"metric_name\":\"secret\",\"step\":\"5m\",\"aggregation\":\"avg\"}");
    for (String[] tenant :
        List.of(
            new String[] {"X-Tenant-ID", "b"},
            new String[] {"X-Scope-OrgID", "b"},
            new String[0])) {
      for (String path : paths) {
        HttpResponse<String> answer = node.get(path, tenant);
        assertThat(answer.statusCode()).as("%s %s", path, answer.body()).isEqualTo(404);
      }
      for (String question : questions) {
        assertThat(node.post("/query", question, tenant).statusCode()).isEqualTo(404);
        assertThat(node.post("/api/v1/metrics/query", question, tenant).statusCode())
            .isEqualTo(404);
      }
      for (String list : List.of("/metrics/list", "/metrics/list?search=secret", "/api/metrics")) {
        // A search may be echoed, but nothing is found.
        assertThat(node.get(list, tenant).body()).doesNotContain("\"secret\"", "secret-unit\"}");
      }
      assertThat(node.get("/api/hosts", tenant).body()).doesNotContain("\"ha\"");
    }
    for (String path : paths) {
      assertThat(node.get(path, "X-Tenant-ID", "a").statusCode()).as(path).isEqualTo(200);
    }
    assertThat(node.get("/api/metrics/shared?start=1h", "X-Tenant-ID", "b").body())
        .contains("\"points_returned\":1", "\"value\":20}");
    assertThat(
            node.post(
                    "/query",
                    "{\"metric_name\":\"shared\",\"function\":\"sum\"}",
                    "X-Tenant-ID",
                    "a")
                .body())
        .contains("\"value\":10,");
    assertThat(
            node.getJson("/metrics/shared/info", "X-Tenant-ID", "b")
                .getJsonObject("labels")
                .get("host"))
        .isEqualTo(jakarta.json.Json.createArrayBuilder().add("hb").build());
  }

  @Test
  void metricsOfTheNodeHaveTheirNamesOnce() {
    node.get("/api/metrics");
    List<String> types =
        node.get("/metrics").body().lines().filter(line -> line.startsWith("# TYPE ")).toList();
    assertThat(types).doesNotHaveDuplicates();
    assertThat(types)
        .contains(
            "# TYPE metrics_ingested_total counter",
            "# TYPE query_requests_total counter",
            "# TYPE http_requests_total counter",
            "# TYPE http_request_duration_seconds histogram",
            "# TYPE metrics_query_duration_seconds histogram");
    assertThat(node.logText()).doesNotContain("WARN", "ERROR");
  }
}
