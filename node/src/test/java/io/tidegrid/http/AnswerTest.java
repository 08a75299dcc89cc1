package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.ingest.Ack;
import io.tidegrid.model.ErrorCode;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The exact form of good answers. */
class AnswerTest {

  private TestNode node;

  @BeforeEach
  void start() {
    node = new TestNode();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private void ingest(String metric, String host, String time, String value) {
    var answer =
        node.postJson(
            "/metrics/ingest",
            "{\"metric_name\":\"%s\",\"value\":%s,\"timestamp\":\"%s\",\"labels\":{\"host\":\"%s\"}}"
                .formatted(metric, value, time, host));
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.body()).isEqualTo("{\"status\":\"ok\",\"accepted\":1}");
  }

  @ParameterizedTest
  @CsvSource({
    "40, 40",
    "40.0, 40",
    "75.5, 75.5",
    "-0.0, -0.0",
    "0.1, 0.1",
    "1e21, 1E21",
    "1e-9, 1E-9",
    "1.5e300, 1.5E300",
    "9007199254740993, 9007199254740992",
    "123456789.125, 1.23456789125E8",
    "4.9e-324, 4.9E-324"
  })
  void numbersAreTheShortestThatReadBackTheSame(String in, String out) {
    ingest("n", "a", "2025-12-03T23:59:00Z", in);
    assertThat(node.get("/api/metrics/n/latest").body())
        .isEqualTo(
            "{\"metric_name\":\"n\",\"host\":\"a\",\"time\":\"2025-12-03T23:59:00Z\",\"value\":"
                + out
                + "}");
    assertThat(Double.parseDouble(out)).isEqualTo(Double.parseDouble(in));
  }

  @Test
  void chartsMergeHostsByTime() {
    ingest("cpu", "a", "2025-12-03T23:10:00Z", "10");
    ingest("cpu", "b", "2025-12-03T23:10:00Z", "20");
    ingest("cpu", "b", "2025-12-03T23:20:00.250Z", "30");
    String head =
        "{\"metric_name\":\"cpu\",\"start\":\"1h\",\"host\":null,\"points_requested\":800,"
            + "\"points_returned\":2,\"data_source\":\"metrics\",\"data\":["
            + "{\"time\":\"2025-12-03T23:10:00Z\",\"value\":";
    String tail = "},{\"time\":\"2025-12-03T23:20:00.250Z\",\"value\":";
    assertThat(node.get("/api/metrics/cpu?start=1h").body()).isEqualTo(head + 15 + tail + "30}]}");
    assertThat(node.get("/api/metrics/cpu/?agg=sum").body()).isEqualTo(head + 30 + tail + "30}]}");
    assertThat(node.get("/api/metrics/cpu?agg=count").body()).isEqualTo(head + 2 + tail + "1}]}");
    assertThat(node.get("/api/metrics/cpu?agg=max").body()).contains("\"value\":20}");
    assertThat(node.get("/api/metrics/cpu?points=1").body())
        .contains("\"points_requested\":1,\"points_returned\":1");
    assertThat(node.get("/api/metrics/cpu?host=a&start=2025-12-03T23:00:00%2B00:00").body())
        .contains("\"host\":\"a\"", "\"points_returned\":1", "\"value\":10}");
    assertThat(node.get("/api/metrics/cpu?matcher=host%3D~%22b.*%22").body())
        .contains("\"points_returned\":2");
  }

  @Test
  void queriesGroupAndStep() {
    ingest("cpu", "a", "2025-12-03T12:00:00Z", "10");
    ingest("cpu", "a", "2025-12-03T12:06:00Z", "20");
    ingest("cpu", "b", "2025-12-03T12:00:00Z", "40");
    String range =
        "\"metric_name\":\"cpu\",\"start_time\":\"2025-12-03T12:00:00\",\"end_time\":1764766800,";
    assertThat(
            node.postJson("/query", "{" + range + "\"function\":\"sum\",\"group_by\":[\"host\"]}")
                .body())
        .isEqualTo(
            "{\"metric_name\":\"cpu\",\"function\":\"sum\",\"source\":\"raw\",\"data\":["
                + "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":30,\"labels\":{\"host\":\"a\"}},"
                + "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":40,\"labels\":{\"host\":\"b\"}}"
                + "]}");
    assertThat(
            node.postJson(
                    "/api/v1/metrics/query",
                    "{" + range + "\"aggregation\":\"max\",\"step\":\"5m\"}")
                .body())
        .isEqualTo(
            "{\"metric_name\":\"cpu\",\"aggregation\":\"max\",\"source\":\"raw\",\"data\":["
                + "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":40,\"labels\":{}},"
                + "{\"timestamp\":\"2025-12-03T12:05:00Z\",\"value\":20,\"labels\":{}}]}");
    assertThat(
            node.postJson(
                    "/query", "{" + range + "\"function\":\"raw\",\"labels\":{\"host\":\"b\"}}")
                .body())
        .endsWith(
            "\"data\":[{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":40,"
                + "\"labels\":{\"host\":\"b\"}}]}");
  }

  @Test
  void chartsOfLongRangesShowWholeWindowsAndTheUnfinishedOne() {
    ingest("cpu", "a", "2025-12-02T23:59:59Z", "1000");
    ingest("cpu", "a", "2025-12-03T10:15:05Z", "10");
    ingest("cpu", "b", "2025-12-03T10:15:50Z", "20");
    ingest("cpu", "b", "2025-12-04T00:00:00Z", "40");
    String head = "{\"metric_name\":\"cpu\",\"start\":\"";
    String keys = "\",\"host\":null,\"points_requested\":800,\"points_returned\":";
    assertThat(node.get("/api/metrics/cpu?start=24h").body())
        .isEqualTo(
            head
                + "24h"
                + keys
                + "2,\"data_source\":\"metrics_1min\",\"data\":["
                + "{\"time\":\"2025-12-03T10:15:00Z\",\"value\":15},"
                + "{\"time\":\"2025-12-04T00:00:00Z\",\"value\":40}]}");
    assertThat(node.get("/api/metrics/cpu?start=7d&agg=max").body())
        .isEqualTo(
            head
                + "7d"
                + keys
                + "3,\"data_source\":\"metrics_1hour\",\"data\":["
                + "{\"time\":\"2025-12-02T23:00:00Z\",\"value\":1000},"
                + "{\"time\":\"2025-12-03T10:00:00Z\",\"value\":20},"
                + "{\"time\":\"2025-12-04T00:00:00Z\",\"value\":40}]}");
    assertThat(node.get("/api/metrics/cpu?start=30d&agg=count&points=2").body())
        .contains("\"data_source\":\"metrics_daily\"", "\"points_returned\":2");
    assertThat(node.get("/api/metrics/cpu?start=24h&host=b&agg=sum").body())
        .contains("\"value\":20}", "\"value\":40}");
  }

  @Test
  void windowsShowEverySeriesOrPoolThem() {
    ingest("cpu", "a", "2025-12-03T12:00:10Z", "10");
    ingest("cpu", "b", "2025-12-03T12:00:20Z", "20");
    ingest("cpu", "b", "2025-12-03T12:07:00Z", "30");
    String range = "metric_name=cpu&start_time=2025-12-03T12:00:00Z&end_time=2025-12-03T13:00:00Z";
    String first = "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"count\":";
    assertThat(node.get("/query/rollup?window=5m&" + range).body())
        .startsWith(
            "{\"metric_name\":\"cpu\",\"window\":\"5m\",\"source\":\"5m\",\"data\":[" + first)
        .contains(
            first
                + "1,\"sum\":20,\"avg\":20,\"min\":20,\"max\":20,\"first\":20,\"last\":20,"
                + "\"p50\":20,\"p95\":20,\"p99\":20,\"labels\":{\"host\":\"b\"}}")
        .contains("\"timestamp\":\"2025-12-03T12:05:00Z\",\"count\":1,\"sum\":30");
    assertThat(node.get("/query/rollup?window=1d&labels=%7B%22host%22:%22a%22%7D&" + range).body())
        .contains("\"timestamp\":\"2025-12-03T00:00:00Z\",\"count\":1")
        .doesNotContain("\"b\"");
    assertThat(node.get("/query/rollup?" + range).body()).contains("\"window\":\"1m\"");
    assertThat(node.get("/api/v1/metrics/aggregated?window=1h&" + range).body())
        .contains(first + "3,\"sum\":60,\"avg\":20,\"min\":10,\"max\":30", "\"labels\":{}}");
    assertThat(node.get("/api/v1/metrics/aggregated?window=1h&group_by=host&" + range).body())
        .contains("\"labels\":{\"host\":\"a\"}}", "\"labels\":{\"host\":\"b\"}}");
    assertThat(
            node.postJson(
                    "/api/v1/metrics/query",
                    "{\"metric_name\":\"cpu\",\"start_time\":\"2025-12-03\",\"aggregate\":true,"
                        + "\"group_by\":[\"host\"]}")
                .body())
        .isEqualTo(
            "{\"metric_name\":\"cpu\",\"aggregate\":true,\"source\":\"1h\",\"data\":["
                + first
                + "1,\"sum\":10,\"avg\":10,\"min\":10,\"max\":10,\"p50\":10,\"p95\":10,\"p99\":10,"
                + "\"dimensions\":{\"host\":\"a\"}},"
                + first
                + "2,\"sum\":50,\"avg\":25,\"min\":20,\"max\":30,\"p50\":30,\"p95\":30,\"p99\":30,"
                + "\"dimensions\":{\"host\":\"b\"}}]}");
  }

  @Test
  void whatWindowsThereAreIsSaid() {
    ingest("cpu", "a", "2025-12-03T12:34:56Z", "10");
    String hour =
        "{\"metric_name\":\"cpu\",\"window\":\"1h\",\"window_seconds\":3600,"
            + "\"from\":\"2025-12-03T12:00:00Z\",\"through\":\"2025-12-03T22:00:00Z\",\"dirty\":3,"
            + "\"oldest_dirty\":\"2025-12-03T22:00:00Z\",\"stored\":true}";
    assertThat(node.get("/rollups?metric_name=cpu").body()).contains(hour);
    assertThat(node.get("/metrics/cpu/info").body()).contains("\"rollups\":[{", hour);
    assertThat(node.get("/rollups").body())
        .startsWith("{\"rollups\":[{\"metric_name\":\"cpu\",\"window\":\"1m\"");
    assertThat(node.get("/rollups?metric_name=none").statusCode()).isEqualTo(404);
  }

  @Test
  void theLatestNamesAllSeries() {
    ingest("cpu", "a", "2025-12-03T12:00:00Z", "10");
    ingest("cpu", "b", "2025-12-03T12:00:01Z", "11");
    assertThat(node.get("/api/v1/metrics/latest/cpu").body())
        .isEqualTo(
            "{\"metric_name\":\"cpu\",\"type\":null,\"unit\":null,"
                + "\"timestamp\":\"2025-12-03T12:00:01Z\",\"value\":11,\"labels\":{\"host\":\"b\"},"
                + "\"series\":[{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":10,"
                + "\"labels\":{\"host\":\"a\"}},{\"timestamp\":\"2025-12-03T12:00:01Z\",\"value\":11,"
                + "\"labels\":{\"host\":\"b\"}}]}");
    assertThat(node.get("/api/v1/metrics/latest/cpu?host=a").body()).contains("\"value\":10");
  }

  @Test
  void listsArePaged() {
    for (String name : new String[] {"a1", "a2", "b1"}) {
      ingest(name, "h", "2025-12-03T12:00:00Z", "1");
    }
    assertThat(node.get("/metrics/list?search=a&page=2&page_size=1").body())
        .isEqualTo(
            "{\"metrics\":[{\"name\":\"a2\",\"type\":null,\"unit\":null,\"series\":1,"
                + "\"last_seen\":\"2025-12-03T12:00:00Z\"}],\"total\":2,\"page\":2,\"page_size\":1}");
    assertThat(node.get("/metrics/list?page=2147483647&page_size=1000").body())
        .startsWith("{\"metrics\":[],\"total\":3");
    assertThat(node.get("/api/metrics").body()).isEqualTo("{\"metrics\":[\"a1\",\"a2\",\"b1\"]}");
    assertThat(node.get("/api/hosts").body()).isEqualTo("{\"hosts\":[\"h\"]}");
  }

  @Test
  void theAcknowledgementIsPassedOn() {
    node.post("/write", "a 1", "X-Tidegrid-Ack", "durable");
    assertThat(node.grid.lastAck.get()).isEqualTo(Ack.DURABLE);
    node.post("/write", "a 1");
    assertThat(node.grid.lastAck.get()).isEqualTo(Ack.REPLICATED);
  }

  @Test
  void readinessFollowsTheNodeAndItsDraining() {
    assertThat(node.get("/health/ready").statusCode()).isEqualTo(200);
    assertThat(node.get("/-/ready").body()).isEqualTo("Tidegrid is Ready.\n");
    node.ready.set(false);
    var away = node.get("/health/ready");
    assertThat(away.statusCode()).isEqualTo(503);
    assertThat(away.headers().firstValue("retry-after")).hasValue("1");
    assertThat(away.body()).contains("it is away");
    assertThat(node.get("/-/ready").statusCode()).isEqualTo(503);
    assertThat(node.get("/health/live").statusCode()).isEqualTo(200);
    assertThat(node.get("/health/detailed").body()).contains("\"status\":\"degraded\"");
    node.ready.set(true);
    node.server.drain();
    assertThat(node.get("/health/ready").body()).contains("shutting down");
    assertThat(node.get("/health/live").headers().firstValue("connection")).hasValue("close");
    node.live.set(false);
    assertThat(node.get("/-/healthy").statusCode()).isEqualTo(503);
    assertThat(node.get("/health/live").statusCode()).isEqualTo(503);
    assertThat(node.get("/health").body()).contains("\"unhealthy\"");
  }

  @Test
  void theDatabaseIsShown() {
    assertThat(node.get("/db/status").body())
        .isEqualTo(
            "{\"status\":\"connected\",\"database\":\"PostgreSQL 18.6\",\"timescaledb\":null,"
                + "\"writable\":true,\"cause\":null,\"problem\":null,\"since\":null,"
                + "\"pool\":{\"active\":1},\"writeBehind\":{\"pendingSamples\":12,\"oldestMs\":34,"
                + "\"pendingBytes\":56,\"maxBytes\":78,\"full\":false,\"deadLetters\":0}}");
  }

  @Test
  void ownMetricsComeInBothFormats() {
    ingest("a", "h", "2025-12-03T12:00:00Z", "1");
    node.get("/metrics/a/info");
    node.get("/no/such/path");
    var text = node.get("/metrics");
    assertThat(text.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
    assertThat(text.body())
        .contains("query_requests_total 1.0")
        .contains("websocket_connections 0.0")
        .contains(
            "http_requests_total{method=\"GET\",path=\"/metrics/{metric}/info\",status=\"200\"}"
                + " 1.0")
        .contains("http_requests_total{method=\"GET\",path=\"unknown\",status=\"404\"} 1.0")
        .contains("http_request_duration_seconds_bucket{")
        .contains("metrics_query_duration_seconds_count 1")
        .contains("tidegrid_http_connections_max");
    var open = node.get("/metrics", "Accept", "application/openmetrics-text;version=1.0.0");
    assertThat(open.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("application/openmetrics-text"));
    assertThat(open.body()).endsWith("# EOF\n");
  }

  @Test
  void peopleGetPages() {
    var page = node.get("/", "Accept", "text/html,application/xhtml+xml");
    assertThat(page.headers().firstValue("content-type")).hasValue("text/html; charset=utf-8");
    assertThat(page.body()).contains("href=\"/docs\"");
    assertThat(node.get("/docs").body()).contains("/api/v1/metrics/query", "tg-body-limit");
    byte[] openapi = node.get("/openapi").body().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    assertThat(Json.object(openapi, openapi.length)).containsEntry("openapi", "3.1.0");
  }

  @Test
  void theDescriptionForToolsNamesEveryPathAndError() {
    byte[] openapi = node.get("/openapi").body().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    Map<String, Object> described = Json.object(openapi, openapi.length);
    Map<String, Set<String>> paths = new TreeMap<>();
    part(described, "paths")
        .forEach((path, methods) -> {
          Set<String> names = new TreeSet<>();
          ((Map<?, ?>) methods)
              .keySet()
              .forEach(name -> names.add(((String) name).toUpperCase(Locale.ROOT)));
          paths.put((String) path, names);
        });
    assertThat(paths).isEqualTo(node.server.paths());
    Map<?, ?> problem = part(described, "components", "schemas", "Problem", "properties", "code");
    assertThat(problem.get("enum"))
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .containsAll(
            Arrays.stream(ErrorCode.values())
                // Nobody is there to read it.
                .filter(code -> code != ErrorCode.CANCELLED)
                .map(ErrorCode::id)
                .toList());
    String pages = node.get("/docs").body();
    assertThat(paths.keySet().stream().filter(path -> path.contains("event")))
        .allSatisfy(path -> assertThat(pages).contains(path));
  }

  private static Map<?, ?> part(Map<?, ?> document, String... names) {
    Map<?, ?> part = document;
    for (String name : names) {
      part = (Map<?, ?>) part.get(name);
    }
    return part;
  }

  @Test
  void headHasNoBodyAndOptionsSaysWhatIsAllowed() {
    var head = node.send(node.request("/health/live").HEAD().build());
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().firstValue("content-length")).hasValue("18");
    var options =
        node.send(node.request("/query").method("OPTIONS", BodyPublishers.noBody()).build());
    assertThat(options.statusCode()).isEqualTo(204);
    assertThat(options.headers().firstValue("allow")).hasValue("POST, OPTIONS");
  }
}
