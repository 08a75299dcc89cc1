package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every request of the manual of the time series metrics API, as users paste it. */
@Timeout(120)
class Seed000IT {

  private static final String RANGE =
      "metric_name=cpu_usage&start_time=2025-12-03T00:00:00Z&end_time=2025-12-03T23:59:59Z";

  @TempDir static Path directory;

  private static NodeProcess node;

  @BeforeAll
  static void ingest() {
    // The samples are older than memory keeps, so that each waits for its commit.
    node = NodeProcess.up(directory, "--set", "persist.commit-timeout=30s");
    HttpResponse<String> answer =
        node.post(
            "/metrics/ingest",
            """
            {
                "metric_name": "cpu_usage",
                "value": 75.5,
                "timestamp": "2025-12-03T12:00:00Z",
                "labels": {"host": "server1", "region": "us-west"}
              }\
            """);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    assertThat(NodeProcess.json(answer).getString("status")).isEqualTo("ok");
    assertThat(NodeProcess.json(answer).getInt("accepted")).isOne();
  }

  @AfterAll
  static void stop() {
    assertThat(node.terminate()).as(node::logText).isZero();
  }

  @Test
  void health() {
    JsonObject root = node.getJson("/");
    assertThat(root.getString("status")).isEqualTo("ok");
    assertThat(root.getString("service")).isEqualTo("tidegrid");
    assertThat(root.getString("version")).isNotEmpty();
    assertThat(node.getJson("/health").getString("status")).isEqualTo("healthy");
    JsonObject database = node.getJson("/db/status");
    assertThat(database.getString("status")).isEqualTo("connected");
    assertThat(database.getString("database")).startsWith("PostgreSQL ");
    assertThat(database).containsKeys("timescaledb", "pool");
    assertThat(database.getJsonObject("writeBehind")).containsKeys("pendingSamples", "oldestMs");
  }

  @Test
  void discovery() {
    JsonObject list = node.getJson("/metrics/list?page=1&page_size=10");
    assertThat(list.getInt("page")).isOne();
    assertThat(list.getInt("page_size")).isEqualTo(10);
    assertThat(list.getInt("total")).isEqualTo(list.getJsonArray("metrics").size());
    JsonObject found =
        node.getJson("/metrics/list?search=cpu").getJsonArray("metrics").getJsonObject(0);
    assertThat(found).containsKeys("name", "type", "unit", "series", "last_seen");
    assertThat(found.getString("name")).isEqualTo("cpu_usage");
    JsonObject info = node.getJson("/metrics/cpu_usage/info");
    assertThat(info)
        .containsKeys(
            "metric_name",
            "type",
            "unit",
            "help",
            "series",
            "labels",
            "first_seen",
            "last_seen",
            "samples",
            "rollups");
    assertThat(info.getJsonObject("labels").getJsonArray("host")).hasToString("[\"server1\"]");
    assertThat(info.getJsonObject("labels").getJsonArray("region")).hasToString("[\"us-west\"]");
    assertThat(node.get("/metrics/unheard_of/info").statusCode()).isEqualTo(404);
  }

  @Test
  void query() {
    for (String function : List.of("avg", "sum", "min", "max", "count", "rate", "raw")) {
      JsonObject answer =
          NodeProcess.json(
              node.post(
                  "/query",
                  """
                  {
                      "metric_name": "cpu_usage",
                      "start_time": "2025-12-03T00:00:00Z",
                      "end_time": "2025-12-03T23:59:59Z",
                      "labels": {"host": "server1"},
                      "function": "%s"
                    }\
                  """
                      .formatted(function)));
      assertThat(answer.getString("metric_name")).isEqualTo("cpu_usage");
      assertThat(answer.getString("function")).isEqualTo(function);
      assertThat(answer.getString("source")).isIn("raw", "1m", "5m", "1h", "1d");
      JsonArray data = answer.getJsonArray("data");
      if (function.equals("rate")) {
        // Of one sample there is none.
        assertThat(data.toString()).doesNotContain("75.5");
      } else {
        assertThat(data).hasSize(1);
        assertThat(data.getJsonObject(0)).containsKeys("timestamp", "value", "labels");
        assertThat(data.getJsonObject(0).getJsonNumber("value").doubleValue())
            .as(function)
            .isEqualTo(function.equals("count") ? 1 : 75.5);
      }
    }
  }

  @Test
  void raw() {
    for (String labels : List.of("", "&labels=%7B%22host%22:%22server1%22%7D")) {
      HttpResponse<String> answer = node.get("/query/raw?" + RANGE + labels);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body())
          .contains(
              "{\"timestamp\":\"2025-12-03T12:00:00Z\",\"value\":75.5,"
                  + "\"labels\":{\"host\":\"server1\",\"region\":\"us-west\"}}");
    }
  }

  @Test
  void rollup() {
    JsonObject verbatim =
        node.getJson(
            "/query/rollup?metric_name=cpu_usage&start_time=2025-12-03T00:00:00Z"
                + "&end_time=2025-12-03T12:00:00Z&window=5m");
    assertThat(verbatim.getString("metric_name")).isEqualTo("cpu_usage");
    for (String window : List.of("1m", "5m", "1h", "1d")) {
      JsonObject answer = node.getJson("/query/rollup?" + RANGE + "&window=" + window);
      assertThat(answer.getString("window")).isEqualTo(window);
      JsonObject row = answer.getJsonArray("data").getJsonObject(0);
      assertThat(row.getString("timestamp"))
          .isEqualTo(window.equals("1d") ? "2025-12-03T00:00:00Z" : "2025-12-03T12:00:00Z");
      assertThat(row.getInt("count")).isOne();
      for (String figure :
          List.of("sum", "avg", "min", "max", "first", "last", "p50", "p95", "p99")) {
        assertThat(row.getJsonNumber(figure).doubleValue()).as(figure).isEqualTo(75.5);
      }
      assertThat(row.getJsonObject("labels").getString("host")).isEqualTo("server1");
    }
    HttpResponse<String> unknown = node.get("/query/rollup?" + RANGE + "&window=7m");
    assertThat(unknown.statusCode()).isEqualTo(422);
    assertThat(unknown.body()).contains("1m").contains("1d");
  }

  @Test
  void rollups() {
    for (String path : List.of("/rollups", "/rollups?metric_name=cpu_usage")) {
      JsonArray rollups = node.getJson(path).getJsonArray("rollups");
      assertThat(rollups.toString())
          .contains("cpu_usage")
          .contains("\"1m\"", "\"5m\"", "\"1h\"", "\"1d\"");
    }
    assertThat(node.get("/rollups?metric_name=unheard_of").statusCode()).isEqualTo(404);
  }

  @Test
  void dataGenerator() throws Exception {
    for (String pattern : List.of("noise", "sine_wave", "linear_trend", "spike", "combined")) {
      int code =
          generate(
              "--metric",
              "generated_" + pattern,
              "--pattern",
              pattern,
              "--duration",
              "300",
              "--interval",
              "5",
              "--base-url",
              "http://localhost:" + node.port(),
              "--speed",
              "fast");
      assertThat(code).isZero();
      assertThat(
              node.getJson("/metrics/generated_" + pattern + "/info")
                  .getJsonNumber("samples")
                  .longValue())
          .isBetween(60L, 61L);
    }
  }

  private static int generate(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Pattern.compile("\\S+")
        .matcher(System.getProperty("tidegrid.jvm.args"))
        .results()
        .map(MatchResult::group)
        .forEach(command::add);
    Path target = Path.of("target").toAbsolutePath();
    command.addAll(List.of("-cp", target.resolve("classes") + ":" + target.resolve("lib") + "/*"));
    command.add("io.tidegrid.cli.Main");
    command.add("generate");
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("generate.log").toFile()))
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
