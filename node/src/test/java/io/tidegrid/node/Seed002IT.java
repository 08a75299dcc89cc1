package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.http.SeedRequests;
import jakarta.json.JsonObject;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every request of the manual of the performance monitoring API, as users paste it; but login, rate
 * limits and PromQL.
 */
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class Seed002IT {

  private static final String RULES = "/api/v1/alerts/rules";
  private static final String TOKEN = "Bearer <token>";

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

  private static HttpResponse<String> post(String path, String body) {
    return node.post(path, body, "Authorization", TOKEN);
  }

  private static void ingest(String metric, double value) {
    HttpResponse<String> answer =
        post(
            "/api/v1/metrics/ingest",
            """
            {"name": "%s", "type": "gauge", "value": %s,
             "labels": {"host": "server01", "region": "us-east-1"}}\
            """
                .formatted(metric, value));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }

  @Test
  @Order(1)
  void metricsAndHealth() throws Exception {
    for (SeedRequests.Seed seed : SeedRequests.performanceMonitoring()) {
      HttpResponse<String> answer =
          NodeProcess.CLIENT.send(seed.to(node.uri("")), BodyHandlers.ofString());
      assertThat(answer.statusCode()).as("%s: %s", seed, answer.body()).isEqualTo(seed.status());
      for (String text : seed.contains()) {
        assertThat(answer.body().replaceAll("\\s", ""))
            .as("%s", seed)
            .contains(text.replaceAll("\\s", ""));
      }
    }
    assertThat(node.get("/docs").statusCode()).isEqualTo(200);
  }

  @Test
  @Order(2)
  void creatingAlertRules() {
    HttpResponse<String> answer =
        post(
            RULES,
            """
            {
                "name": "High CPU Alert",
                "metric_name": "cpu_usage_percent",
                "condition": "> 80",
                "threshold": 80.0,
                "severity": "high",
                "evaluation_interval": 60,
                "for_duration": 300,
                "annotations": {
                  "description": "CPU usage is above 80% for 5 minutes"
                }
              }\
            """);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    JsonObject rule = NodeProcess.json(answer);
    assertThat(rule.getString("name")).isEqualTo("High CPU Alert");
    assertThat(rule.getString("metric_name")).isEqualTo("cpu_usage_percent");
    assertThat(rule.getString("condition")).isEqualTo("> 80");
    assertThat(rule.getInt("threshold")).isEqualTo(80);
    assertThat(rule.getString("severity")).isEqualTo("high");
    assertThat(rule.getInt("evaluation_interval")).isEqualTo(60);
    assertThat(rule.getInt("for_duration")).isEqualTo(300);
    assertThat(rule.getJsonObject("annotations").getString("description"))
        .isEqualTo("CPU usage is above 80% for 5 minutes");
    assertThat(rule.getString("state")).isEqualTo("inactive");
    assertThat(Instant.parse(rule.getString("created_at"))).isBefore(Instant.now().plusSeconds(5));

    JsonObject list = node.getJson(RULES);
    assertThat(list.getInt("total")).isOne();
    assertThat(list.getJsonArray("rules").getJsonObject(0)).isEqualTo(rule);
    String path = RULES + '/' + rule.getString("id");
    assertThat(node.getJson(path)).isEqualTo(rule);

    // Above the threshold, but not for five minutes yet.
    ingest("cpu_usage_percent", 91.5);
    JsonObject alert = awaitActive("rule_id=" + rule.getString("id"));
    assertThat(alert.getString("status")).isEqualTo("pending");
    assertThat(alert.getJsonNumber("value").doubleValue()).isEqualTo(91.5);
    assertThat(alert.getJsonObject("labels").getString("host")).isEqualTo("server01");
    assertThat(node.getJson(path).getString("state")).isEqualTo("pending");
    assertThat(node.getJson("/api/v1/alerts/history").getJsonArray("alerts")).isEmpty();
  }

  private static JsonObject awaitActive(String query) {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .until(
            () -> node.getJson("/api/v1/alerts/active?" + query).getJsonArray("alerts"),
            alerts -> !alerts.isEmpty())
        .getJsonObject(0);
  }

  @Test
  @Order(3)
  void webSocketConnection() {
    HttpResponse<String> created =
        post(
            RULES,
            """
            {"name": "Hot", "metric_name": "temperature", "condition": "> 80", "threshold": 80.0,
             "severity": "critical", "for_duration": 0, "rule_labels": {"team": "infra"},
             "annotations": {"description": "{{ $labels.host }} is at {{ $value }}"}}\
            """);
    String rule = NodeProcess.json(created).getString("id");
    try (LiveClient client = LiveClient.connect(node.uri(""), "/ws/metrics")) {
      client.send("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\"}}");
      assertThat(client.nextJson().getString("type")).isEqualTo("subscribed");
      client.send("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"alerts\"}}");
      assertThat(client.nextJson().getString("type")).isEqualTo("subscribed");

      ingest("temperature", 85.5);
      JsonObject firing = messages(client, 2).getJsonObject("data");
      assertThat(firing.getString("status")).isEqualTo("firing");
      assertThat(firing.getString("rule_id")).isEqualTo(rule);
      assertThat(firing.getString("severity")).isEqualTo("critical");
      assertThat(firing.getJsonNumber("value").doubleValue()).isEqualTo(85.5);
      assertThat(firing.getJsonObject("annotations").getString("description"))
          .isEqualTo("server01 is at 85.5");
      assertThat(firing.getJsonObject("labels").getString("team")).isEqualTo("infra");
      assertThat(awaitActive("severity=critical")).isEqualTo(firing);
      assertThat(node.getJson(RULES + '/' + rule).getString("state")).isEqualTo("firing");
      // Firing alerts are counted every second; on a busy machine, every 15.
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() ->
              assertThat(node.get("/metrics").body().lines())
                  .contains(
                      "active_alerts_total{severity=\"critical\"} 1.0",
                      "websocket_connections 1.0",
                      "tidegrid_sse_connections 0.0")
                  .anyMatch(line -> line.startsWith("metrics_ingested_total "))
                  .anyMatch(line -> line.startsWith("query_requests_total ")));

      ingest("temperature", 70);
      JsonObject resolved = messages(client, 2).getJsonObject("data");
      assertThat(resolved.getString("status")).isEqualTo("resolved");
      assertThat(resolved.getString("id")).isEqualTo(firing.getString("id"));
    }
    JsonObject past =
        node.getJson("/api/v1/alerts/history?severity=critical")
            .getJsonArray("alerts")
            .getJsonObject(0);
    assertThat(past.getString("status")).isEqualTo("resolved");
    assertThat(past.getString("rule_name")).isEqualTo("Hot");
  }

  /** Reads an update of metrics and an alert, in whichever order, and returns the alert. */
  private static JsonObject messages(LiveClient client, int count) {
    List<JsonObject> all = java.util.stream.Stream.generate(client::nextJson).limit(count).toList();
    assertThat(all)
        .extracting(message -> message.getString("type"))
        .containsExactlyInAnyOrder("metric_update", "alert");
    return all.stream()
        .filter(message -> message.getString("type").equals("alert"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(4)
  void resolvingAlerts() {
    ingest("temperature", 99);
    JsonObject alert = awaitActive("severity=critical&state=firing");
    String path = "/api/v1/alerts/resolve/" + alert.getString("id");
    HttpResponse<String> answer = post(path, "");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(NodeProcess.json(answer).getString("status")).isEqualTo("resolved");
    assertThat(NodeProcess.json(answer).getString("resolved_by")).isEqualTo("api");
    assertThat(post(path, "").statusCode()).isEqualTo(409);
    assertThat(post("/api/v1/alerts/resolve/unheard-of", "").statusCode()).isEqualTo(404);

    // The same breach does not fire again before it was over once.
    ingest("temperature", 99.5);
    assertThat(node.getJson("/api/v1/alerts/active?severity=critical").getInt("total")).isZero();
    ingest("temperature", 20);
    ingest("temperature", 100);
    assertThat(awaitActive("severity=critical").getJsonNumber("value").intValue()).isEqualTo(100);
  }

  @Test
  @Order(5)
  void changingAndRemovingRules() {
    JsonObject rule =
        node.getJson(RULES + "?severity=critical").getJsonArray("rules").getJsonObject(0);
    String path = RULES + '/' + rule.getString("id");
    HttpResponse<String> changed =
        sendWithBody("PUT", path, rule.toString().replace("critical", "low"));
    assertThat(changed.statusCode()).as(changed.body()).isEqualTo(200);
    assertThat(NodeProcess.json(changed).getInt("version")).isEqualTo(2);
    assertThat(NodeProcess.json(changed).getString("severity")).isEqualTo("low");
    assertThat(sendWithBody("DELETE", path, "").statusCode()).isEqualTo(204);
    assertThat(node.get(path).statusCode()).isEqualTo(404);
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .until(() ->
            node.getJson("/api/v1/alerts/active?rule_id=" + rule.getString("id")).getInt("total")
                == 0);
  }

  private static HttpResponse<String> sendWithBody(String method, String path, String body) {
    try {
      return NodeProcess.CLIENT.send(
          java.net.http.HttpRequest.newBuilder(node.uri(path))
              .method(method, java.net.http.HttpRequest.BodyPublishers.ofString(body))
              .build(),
          BodyHandlers.ofString());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  @Order(6)
  void whatTheRulesWillNotTakeIsNamed() {
    for (List<String> wrong :
        List.of(
            List.of("\"rule_labels\":{\"a-b\":\"x\"}", "/rule_labels/a-b"),
            List.of("\"annotations\":{\"d\":\"{{ $labels.\"}", "/annotations/d"),
            List.of("\"for_duration\":\"60d\"", "/for_duration"),
            List.of("\"evaluation_interval\":0.01", "/evaluation_interval"))) {
      HttpResponse<String> answer =
          post(
              RULES,
              "{\"name\":\"n\",\"metric_name\":\"m\",\"condition\":\"> 1\"," + wrong.get(0) + '}');
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
      assertThat(answer.body()).contains("\"pointer\":\"" + wrong.get(1) + '"');
    }
  }

  @Test
  @Order(7)
  void silences() {
    HttpResponse<String> created =
        post(
            "/api/v1/alerts/silences",
            "{\"matchers\":[\"severity=\\\"quiet\\\"\"],\"duration\":\"1h\",\"comment\":\"night\"}");
    assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
    String id = NodeProcess.json(created).getString("id");
    NodeProcess.json(
        post(
            RULES,
            "{\"name\":\"Quiet\",\"metric_name\":\"hum\",\"condition\":\"> 1\",\"severity\":\"quiet\"}"));
    ingest("hum", 2);
    assertThat(awaitActive("severity=quiet").getBoolean("silenced")).isTrue();
    assertThat(node.getJson("/api/v1/alerts/silences").getInt("total")).isOne();
    assertThat(sendWithBody("DELETE", "/api/v1/alerts/silences/" + id, "").statusCode())
        .isEqualTo(204);
    assertThat(node.getJson("/api/v1/alerts/silences").getInt("total")).isZero();
  }
}
