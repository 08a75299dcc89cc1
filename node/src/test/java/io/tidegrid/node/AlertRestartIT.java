package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.alerting.Hook;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of an alert while the only node of a cluster is killed, and stopped. */
@Timeout(180)
class AlertRestartIT {

  private static final int FOR_SECONDS = 10;

  @TempDir Path directory;

  private NodeProcess up(Hook hook) {
    return NodeProcess.up(directory, "--set", "alerts.webhook.url=" + hook.uri());
  }

  private static void sample(NodeProcess node, Instant time, double value) {
    assertThat(
            node.post(
                    "/metrics/ingest",
                    """
                    {"metric_name": "load", "value": %s, "timestamp": "%s",
                     "labels": {"host": "a"}}\
                    """
                        .formatted(value, time),
                    "X-Tidegrid-Ack",
                    "durable")
                .statusCode())
        .isEqualTo(201);
  }

  private static JsonObject awaitActive(NodeProcess node, String status) {
    JsonArray alerts =
        Awaitility.await()
            .atMost(Duration.ofSeconds(40))
            .ignoreExceptions()
            .until(
                () -> node.getJson("/api/v1/alerts/active?state=" + status).getJsonArray("alerts"),
                found -> !found.isEmpty());
    assertThat(alerts).hasSize(1);
    return alerts.getJsonObject(0);
  }

  private static JsonArray history(NodeProcess node) {
    return node.getJson("/api/v1/alerts/history").getJsonArray("alerts");
  }

  @Test
  void aPendingClockGoesOnThroughADeathAndTheAlertFiresOnce() {
    try (Hook hook = new Hook()) {
      Instant start;
      Instant due;
      String id;
      try (NodeProcess node = up(hook)) {
        NodeProcess.json(
            node.post(
                "/api/v1/alerts/rules",
                """
                {"name": "Busy", "metric_name": "load", "condition": "> 80", "for_duration": %d}\
                """
                    .formatted(FOR_SECONDS)));
        start = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        due = start.plusSeconds(FOR_SECONDS);
        sample(node, start, 90);
        JsonObject pending = awaitActive(node, "pending");
        assertThat(pending.getString("starts_at")).isEqualTo(start.toString());
        id = pending.getString("id");
        sample(node, Instant.now(), 91);
        assertThat(history(node)).isEmpty();
        node.kill();
      }
      assertThat(hook.told()).isEmpty();

      try (NodeProcess node = up(hook)) {
        sample(node, Instant.now(), 92);
        JsonObject firing = awaitActive(node, "firing");
        assertThat(Instant.now()).isAfterOrEqualTo(due);
        assertThat(firing.getString("id")).isEqualTo(id);
        assertThat(firing.getString("starts_at")).isEqualTo(start.toString());
        assertThat(firing.getString("fired_at")).isEqualTo(due.toString());
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !hook.told().isEmpty());
        assertThat(node.terminate()).as(node::logText).isZero();
      }

      try (NodeProcess node = up(hook)) {
        assertThat(awaitActive(node, "firing").getString("id")).isEqualTo(id);
        sample(node, Instant.now(), 20);
        String fingerprint = id.substring(0, id.indexOf('-'));
        String told = " " + fingerprint + " " + start;
        // A notice whose answer the terminated node did not hear is sent again.
        Awaitility.await()
            .atMost(Duration.ofSeconds(40))
            .untilAsserted(() ->
                assertThat(hook.told().stream().distinct())
                    .containsExactly("firing" + told, "resolved" + told));
        assertThat(history(node)).hasSize(1);
        JsonObject past = history(node).getJsonObject(0);
        assertThat(past.getString("id")).isEqualTo(id);
        assertThat(past.getString("status")).isEqualTo("resolved");
        assertThat(past.getString("fired_at")).isEqualTo(due.toString());
        assertThat(node.terminate()).as(node::logText).isZero();
      }
    }
  }
}
