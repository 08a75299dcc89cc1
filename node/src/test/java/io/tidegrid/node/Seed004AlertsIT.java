package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.http.SseClient;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The alerts of the manual of the telemetry API: listen, register, trigger. */
@Timeout(120)
class Seed004AlertsIT {

  @TempDir static Path directory;

  private static NodeProcess node;

  @BeforeAll
  static void start() {
    node = NodeProcess.up(directory);
    awaitEvaluation();
  }

  /** Samples that come before the evaluation has begun are judged, but not announced one by one. */
  private static void awaitEvaluation() {
    NodeProcess.json(
        node.post(
            "/api/v1/alerts/rules",
            "{\"name\":\"Up\",\"metric_name\":\"up\",\"condition\":\"> 0\"}"));
    NodeProcess.json(node.post("/metrics/ingest", "{\"metric_name\":\"up\",\"value\":1}"));
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> node.getJson("/api/v1/alerts/active").getInt("total") == 1);
  }

  @AfterAll
  static void stop() {
    assertThat(node.terminate()).as(node::logText).isZero();
  }

  private static void register(String device) {
    String body =
        """
        {
          "device_id":"%s",
          "metric":"temp",
          "op":">",
          "threshold":32
        }\
        """
            .formatted(device);
    HttpResponse<String> answer = node.post("/v1/alerts", body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).startsWith("{\"status\":\"ok\",\"id\":\"");
    assertThat(node.post("/v1/alerts", body).body()).isEqualTo(answer.body());
  }

  private static void sample(String device, String time, double value) {
    HttpResponse<String> answer =
        node.post(
            "/metrics/ingest",
            """
            {"metric_name": "temp", "value": %s, "timestamp": "%s",
             "labels": {"device_id": "%s"}}\
            """
                .formatted(value, time, device));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }

  private static String line(String device, String value, String time) {
    return "data: {\"device_id\":\"%s\",\"metrics\":{\"temp\":%s},\"time\":\"%s\"}"
        .formatted(device, value, time);
  }

  @Test
  void theTerminalThatListensShowsEachBreachOfItsDevice() {
    String id;
    try (SseClient terminal =
            SseClient.connect(node.uri(""), "/v1/alerts/stream?device_id=deviceA");
        SseClient all = SseClient.connect(node.uri(""), "/v1/alerts/stream")) {
      register("deviceA");
      register("deviceB");
      sample("deviceB", "2025-01-15T11:00:30", 41);
      assertThat(all.field()).startsWith("id: ");
      assertThat(all.field()).isEqualTo(line("deviceB", "41", "2025-01-15 11:00:30"));
      sample("deviceA", "2025-01-15T11:00:00", 32);
      sample("deviceA", "2025-01-15T11:01:00", 40);

      id = terminal.field();
      assertThat(id).matches("id: \\S+");
      assertThat(terminal.field()).isEqualTo(line("deviceA", "40", "2025-01-15 11:01:00"));

      // Each sample beyond the threshold counts, also while the alert is on and late ones.
      sample("deviceA", "2025-01-15T11:02:00.5", 41.25);
      sample("deviceA", "2025-01-15T11:01:30", 33);
      assertThat(terminal.field()).startsWith("id: ");
      assertThat(terminal.field())
          .isEqualTo(line("deviceA", "41.25", "2025-01-15 11:02:00.500000"));
      assertThat(terminal.field()).startsWith("id: ");
      assertThat(terminal.field()).isEqualTo(line("deviceA", "33", "2025-01-15 11:01:30"));

      sample("deviceA", "2025-01-15T11:03:00", 20);
      sample("deviceA", "2025-01-15T11:04:00", 50);
      assertThat(terminal.field()).startsWith("id: ");
      assertThat(terminal.field()).isEqualTo(line("deviceA", "50", "2025-01-15 11:04:00"));
      assertThat(all.field()).isEqualTo(id);
      assertThat(all.field()).isEqualTo(line("deviceA", "40", "2025-01-15 11:01:00"));
    }
    try (SseClient back =
        SseClient.connect(
            node.uri(""),
            "/v1/alerts/stream?device_id=deviceA",
            "Last-Event-ID",
            id.substring("id: ".length()))) {
      assertThat(back.field()).startsWith("id: ");
      assertThat(back.field()).isEqualTo(line("deviceA", "41.25", "2025-01-15 11:02:00.500000"));
    }
  }
}
