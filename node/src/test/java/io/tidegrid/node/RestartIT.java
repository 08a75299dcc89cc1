package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node with its embedded PostgreSQL answers before and after a restart. */
class RestartIT {

  private static final String SEED_TIME = "2025-12-03T12:00:00Z";

  @TempDir Path directory;

  private static void write(NodeProcess node, String metric, Instant time, double value) {
    assertThat(
            node.post(
                    "/metrics/ingest",
                    "{\"metric_name\":\"%s\",\"value\":%s,\"timestamp\":\"%s\",\"labels\":{\"host\":\"a\"}}"
                        .formatted(metric, value, time))
                .statusCode())
        .isEqualTo(201);
  }

  private static List<String> read(NodeProcess node, String metric, Instant from, Instant to) {
    JsonArray data =
        node.getJson("/query/raw?metric_name=" + metric + "&start_time=" + from + "&end_time=" + to)
            .getJsonArray("data");
    List<String> rows = new ArrayList<>();
    for (JsonObject row : data.getValuesAs(JsonObject.class)) {
      rows.add(row.getString("timestamp") + " " + row.get("value"));
    }
    return rows;
  }

  @Test
  void memoryAndDatabaseGiveTheirUnion() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Instant from = now.minus(Duration.ofDays(400));
    Instant late = now.minusSeconds(90);
    Instant twoDays = now.minus(Duration.ofDays(2));
    Instant seed = Instant.parse(SEED_TIME);
    List<String> before;
    try (NodeProcess node = NodeProcess.up(directory)) {
      write(node, "m", now.minusSeconds(20), 1);
      write(node, "m", now, 2);
      // Minutes late, two days old, from a year before, sent twice, and corrected.
      write(node, "m", late, 3);
      write(node, "m", twoDays, 4);
      write(node, "m", seed, 5);
      write(node, "m", now, 2);
      write(node, "m", seed, 5);
      write(node, "m", now.minusSeconds(20), 6);
      write(node, "m", seed.plusSeconds(1), 7);
      write(node, "m", seed.plusSeconds(1), 8);
      before = read(node, "m", from, now);
      assertThat(before)
          .containsExactly(
              seed + " 5",
              seed.plusSeconds(1) + " 8",
              twoDays + " 4",
              late + " 3",
              now.minusSeconds(20) + " 6",
              now + " 2");
      assertThat(node.terminate()).as(node::logText).isZero();
    }
    try (NodeProcess node = NodeProcess.up(directory)) {
      assertThat(read(node, "m", from, now)).isEqualTo(before);
      write(node, "m", now.minusSeconds(20), 6);
      write(node, "m", now.plusSeconds(1), 9);
      write(node, "m", late, 10);
      List<String> after = new ArrayList<>(before);
      after.set(3, late + " 10");
      after.add(now.plusSeconds(1) + " 9");
      assertThat(read(node, "m", from, now.plusSeconds(1))).isEqualTo(after);
      node.kill();
    }
  }
}
