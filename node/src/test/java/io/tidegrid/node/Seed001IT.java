package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.net.URI;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every request of the manual of the metrics dashboard backend, as users paste it, on data inserted
 * as its test script does.
 */
@Timeout(120)
class Seed001IT {

  private static final List<String> HOSTS = List.of("server-01", "server-02", "server-03");
  private static final List<String> METRICS = List.of("cpu_usage", "memory_usage", "disk_usage");

  /** A week, though not a point every ten seconds of it. */
  private static final int POINTS = 337;

  private static final Duration STEP = Duration.ofMinutes(30);

  @TempDir static Path directory;

  private static NodeProcess node;
  private static String databaseUrl;
  private static LocalDateTime now;

  @BeforeAll
  static void insertTestData() throws SQLException {
    int port = NodeProcess.freePort();
    node =
        NodeProcess.up(
            directory,
            "--set",
            "storage.embedded.port=" + port,
            "--set",
            "storage.embedded.password=password");
    databaseUrl =
        "jdbc:postgresql://localhost:" + port + "/postgres?user=postgres&password=password";
    SplittableRandom random = new SplittableRandom(1);
    now = LocalDateTime.now(java.time.ZoneId.systemDefault());
    try (Connection connection = DriverManager.getConnection(databaseUrl);
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (int i = 0; i < POINTS; i++) {
        LocalDateTime timestamp = now.minus(STEP.multipliedBy(i));
        for (String host : HOSTS) {
          for (String metric : METRICS) {
            // What psycopg2 makes of the parameters.
            statement.execute(
                String.format(
                    Locale.ROOT,
                    "INSERT INTO metrics (time, host, metric_name, value) VALUES"
                        + " ('%s'::timestamp, '%s', '%s', %s)",
                    timestamp,
                    host,
                    metric,
                    random.nextDouble(20, 80)));
          }
        }
        if (i % 1000 == 0) {
          connection.commit();
        }
      }
      connection.commit();
    }
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> number("SELECT count(*) FROM inbox") == 0);
    assertThat(number("SELECT count(*) FROM inbox_rejected")).isZero();
  }

  @AfterAll
  static void stop() {
    assertThat(node.terminate()).as(node::logText).isZero();
    assertThat(node.logText()).doesNotContain("embedded.password=");
  }

  private static long number(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(databaseUrl);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getLong(1);
    }
  }

  @Test
  void everyRowIsASampleOnce() throws SQLException {
    long rows = (long) POINTS * HOSTS.size() * METRICS.size();
    assertThat(number("SELECT count(*) FROM metrics")).isEqualTo(rows);
    for (String view : List.of("metrics_1min", "metrics_5min", "metrics_1hour", "metrics_daily")) {
      assertThat(number("SELECT sum(count) FROM " + view)).as(view).isEqualTo(rows);
    }
    assertThat(
            number(
                "SELECT count(*) FROM metrics_1hour WHERE metric_name = 'cpu_usage' AND host ="
                    + " 'server-02' AND value BETWEEN 20 AND 80"))
        .isBetween(168L, 170L);
  }

  @Test
  void metricData() {
    chart("/api/metrics/cpu_usage?start=1h&points=1000", "cpu_usage", "1h", 1000, "metrics");
    chart(
        "/api/metrics/memory_usage?start=7d&host=server-01&points=500",
        "memory_usage",
        "7d",
        500,
        "metrics_1hour");
    chart("/api/metrics/cpu_usage?start=1h&points=100", "cpu_usage", "1h", 100, "metrics");
    chart(
        "/api/metrics/memory_usage?start=7d&points=500",
        "memory_usage",
        "7d",
        500,
        "metrics_1hour");
    chart(
        "/api/metrics/cpu_usage?start=1h&host=server-01&points=800",
        "cpu_usage",
        "1h",
        800,
        "metrics");
    chart("/api/metrics/disk_usage?start=24h", "disk_usage", "24h", 800, "metrics_1min");
    chart("/api/metrics/disk_usage?start=30d", "disk_usage", "30d", 800, "metrics_daily");
    chart("/api/metrics/cpu_usage?start=7d&points=20", "cpu_usage", "7d", 20, "metrics_1hour");
  }

  private static void chart(String path, String metric, String start, int points, String source) {
    JsonObject answer = node.getJson(path);
    assertThat(answer.keySet())
        .as(path)
        .containsExactly(
            "metric_name",
            "start",
            "host",
            "points_requested",
            "points_returned",
            "data_source",
            "data");
    assertThat(answer.getString("metric_name")).isEqualTo(metric);
    assertThat(answer.getString("start")).isEqualTo(start);
    assertThat(answer.get("host"))
        .isEqualTo(path.contains("host=") ? Json.createValue("server-01") : JsonValue.NULL);
    assertThat(answer.getInt("points_requested")).isEqualTo(points);
    assertThat(answer.getString("data_source")).as(path).isEqualTo(source);
    JsonArray data = answer.getJsonArray("data");
    assertThat(data).as(path).hasSize(answer.getInt("points_returned"));
    assertThat(data.size()).as(path).isBetween(2, points);
    Instant before = Instant.MIN;
    for (JsonObject point : data.getValuesAs(JsonObject.class)) {
      assertThat(point.keySet()).containsExactly("time", "value");
      Instant time = Instant.parse(point.getString("time"));
      assertThat(time).isAfter(before);
      before = time;
      assertThat(point.getJsonNumber("value").doubleValue()).isBetween(20.0, 80.0);
    }
  }

  @Test
  void latestValue() {
    JsonObject answer = node.getJson("/api/metrics/cpu_usage/latest?host=server-01");
    assertThat(answer.keySet()).containsExactly("metric_name", "host", "time", "value");
    assertThat(answer.getString("metric_name")).isEqualTo("cpu_usage");
    assertThat(answer.getString("host")).isEqualTo("server-01");
    assertThat(Instant.parse(answer.getString("time")))
        .isEqualTo(
            now.atZone(java.time.ZoneId.systemDefault())
                .toInstant()
                .truncatedTo(java.time.temporal.ChronoUnit.MILLIS));
    assertThat(answer.getJsonNumber("value").doubleValue()).isBetween(20.0, 80.0);
  }

  @Test
  void hostsAndMetrics() {
    assertThat(node.getJson("/api/hosts").getJsonArray("hosts").toString())
        .contains("\"server-01\"", "\"server-02\"", "\"server-03\"");
    assertThat(node.getJson("/api/metrics").getJsonArray("metrics").toString())
        .contains("cpu_usage", "memory_usage", "disk_usage");
  }

  @Test
  void realTimeStream() throws Exception {
    BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    WebSocket socket =
        NodeProcess.CLIENT
            .newWebSocketBuilder()
            .buildAsync(
                URI.create(
                    "ws://localhost:" + node.port() + "/ws/metrics/live_usage?host=server-01"),
                new Texts(messages))
            .join();
    for (String host : List.of("server-02", "server-01")) {
      node.post(
          "/api/v1/metrics/ingest",
          "{\"name\": \"live_usage\", \"value\": 45.2, \"labels\": {\"host\": \"%s\"}}"
              .formatted(host));
    }
    String message = messages.poll(10, TimeUnit.SECONDS);
    assertThat(message).isNotNull();
    try (JsonReader reader = Json.createReader(new StringReader(message))) {
      JsonObject data = reader.readObject();
      assertThat(data).containsKeys("metric_name", "host", "time", "value", "labels");
      assertThat(data.getString("metric_name")).isEqualTo("live_usage");
      assertThat(data.getString("host")).isEqualTo("server-01");
      assertThat(Instant.parse(data.getString("time"))).isAfter(Instant.now().minusSeconds(60));
      assertThat(data.getJsonNumber("value").doubleValue()).isEqualTo(45.2);
      assertThat(data.getJsonObject("labels").getString("host")).isEqualTo("server-01");
    }
    // What comes from SQL is seen as well.
    try (Connection connection = DriverManager.getConnection(databaseUrl);
        Statement statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO metrics (host, metric_name, value) VALUES ('server-01', 'live_usage', 7)");
    }
    assertThat(messages.poll(10, TimeUnit.SECONDS)).contains("\"value\":7");
    socket.abort();
  }

  /** Keeps what is received. */
  private static final class Texts implements WebSocket.Listener {

    private final BlockingQueue<String> messages;
    private final StringBuilder begun = new StringBuilder();

    Texts(BlockingQueue<String> messages) {
      this.messages = messages;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      begun.append(data);
      if (last) {
        messages.add(begun.toString());
        begun.setLength(0);
      }
      socket.request(1);
      return null;
    }
  }
}
