package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node whose memory takes back what a real database has, wherever it lies there. */
@Timeout(120)
class ReloadIT {

  private static final Duration BLOCK = Duration.ofHours(2);
  private static final int HOSTS = 6;

  @TempDir Path directory;

  private final Map<String, TreeMap<Instant, Double>> expected = new TreeMap<>();

  private static ConditionFactory soon() {
    return Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100));
  }

  @Test
  void blocksComeBackFromRecentAndFromCompactedRows() {
    OutageServer.shareBinaries(directory.resolve("data"));
    Instant end =
        Instant.ofEpochMilli(
            Math.floorDiv(Instant.now().toEpochMilli(), BLOCK.toMillis()) * BLOCK.toMillis());
    Instant folded = end.minus(BLOCK.multipliedBy(4));
    Instant recent = end.minus(BLOCK.multipliedBy(3));
    try (LiveNode node =
        LiveNode.start(
            Map.of(
                "storage", "embedded",
                "data-dir", directory.resolve("data").toString(),
                "grid.shards", "2",
                "memory.retention", "1h",
                "compaction.delay", "1s"))) {
      fill(node, folded);
      soon()
          .until(() ->
              NodeProcess.json(node.get("/admin/compaction")).getInt("samples_folded")
                  == HOSTS * 120);
      fill(node, recent);
      for (Instant block : new Instant[] {folded, recent}) {
        double held = node.metric("tidegrid_blocks_reload_held");
        soon()
            .until(() -> {
              check(node, block);
              return node.metric("tidegrid_blocks_reload_held") >= held + 2;
            });
        double reads = node.metric("query_database_reads_total");
        check(node, block);
        assertThat(node.metric("query_database_reads_total")).isEqualTo(reads);
        // Late, and another value: seen at once, though it is only acknowledged when committed.
        write(node, block.plusSeconds(7), 2, 0.5);
        write(node, block.plusSeconds(60), 2, -1);
        check(node, block);
        assertThat(node.metric("query_database_reads_total")).isEqualTo(reads);
      }
      assertThat(node.metric("tidegrid_blocks_reload_samples_total"))
          .isGreaterThanOrEqualTo(2 * HOSTS * 120);
    }
  }

  private void fill(LiveNode node, Instant block) {
    StringBuilder json = new StringBuilder("{\"metrics\":[");
    for (int minute = 0; minute < 120; minute++) {
      for (int host = 0; host < HOSTS; host++) {
        add(block.plusSeconds(60L * minute), host, (minute * 37 + host) % 1_000 / 100.0, json);
      }
    }
    json.setCharAt(json.length() - 1, ']');
    node.ingest(json.append('}').toString());
  }

  private void write(LiveNode node, Instant time, int host, double value) {
    StringBuilder json = new StringBuilder("{\"metrics\":[");
    add(time, host, value, json);
    json.setCharAt(json.length() - 1, ']');
    node.ingest(json.append('}').toString());
  }

  private void add(Instant time, int host, double value, StringBuilder json) {
    json.append(
        "{\"name\":\"back\",\"timestamp\":\"%s\",\"value\":%s,\"labels\":{\"host\":\"h%d\"}},"
            .formatted(time, value, host));
    expected.computeIfAbsent("h" + host, h -> new TreeMap<>()).put(time, value);
  }

  /** Asks for an hour of each series. */
  private void check(LiveNode node, Instant block) {
    Instant to = block.plus(Duration.ofHours(1));
    expected.forEach((host, samples) -> {
      HttpResponse<String> answer =
          node.get(
              "/query/raw?metric_name=back&labels="
                  + URLEncoder.encode("{\"host\":\"" + host + "\"}", StandardCharsets.UTF_8)
                  + "&start_time="
                  + block
                  + "&end_time="
                  + to);
      TreeMap<Instant, Double> found = new TreeMap<>();
      for (JsonValue row : NodeProcess.json(answer).getJsonArray("data")) {
        JsonObject sample = row.asJsonObject();
        found.put(
            Instant.parse(sample.getString("timestamp")),
            sample.getJsonNumber("value").doubleValue());
      }
      assertThat(found).isEqualTo(samples.subMap(block, true, to, true));
    });
  }
}
