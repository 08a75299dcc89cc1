package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that compacts what it has stored, and is killed meanwhile. */
class CompactionIT {

  private static final String DATABASE = "compaction";
  private static final int SHARDS = 8;
  private static final int SERIES = 200;
  private static final int BLOCKS = 3;
  private static final Duration BLOCK = Duration.ofHours(2);

  /** Whoever compacts a day holds this one shared, whoever drops it alone. */
  private static final int DAY_LOCK = 0x54674461;

  @TempDir Path directory;

  private static ConditionFactory soon() {
    return Awaitility.await().atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(100));
  }

  private NodeProcess up(OutageServer server) {
    return NodeProcess.up(
        directory,
        server.flags(
            DATABASE,
            "--set",
            "grid.shards=" + SHARDS,
            "--set",
            "memory.retention=12h",
            // What is asked for again and again here would come back, and be counted among the
            // sealed.
            "--set",
            "memory.reload.asks=0",
            "--set",
            "ingest.max-future=1m",
            "--set",
            "compaction.delay=1s500ms",
            "--set",
            "compaction.share=20"));
  }

  private static double metric(NodeProcess node, String name) {
    Matcher line =
        Pattern.compile("^" + Pattern.quote(name) + " (\\S+)$", Pattern.MULTILINE)
            .matcher(node.get("/metrics").body());
    assertThat(line.find()).as(name).isTrue();
    return Double.parseDouble(line.group(1));
  }

  private static void awaitStored(NodeProcess node) {
    soon()
        .untilAsserted(() ->
            assertThat(
                    node.getJson("/db/status")
                        .getJsonObject("writeBehind")
                        .getInt("pendingSamples"))
                .isZero());
  }

  /** Waits until no recent rows of blocks before one are left. */
  private static void awaitFolded(NodeProcess node, OutageServer server, Instant end) {
    awaitStored(node);
    String left = "SELECT count(*) FROM recent WHERE block < '" + end + "'";
    soon()
        .untilAsserted(() ->
            assertThat(server.number(DATABASE, left))
                .as(() -> node.getJson("/admin/compaction").toString())
                .isZero());
  }

  /** Waits until the node says that there is nothing to compact. */
  private static JsonObject awaitNothingDue(NodeProcess node) {
    soon()
        .untilAsserted(() -> {
          JsonObject status = node.getJson("/admin/compaction");
          assertThat(status.getInt("due")).as(status::toString).isZero();
          assertThat(status.getInt("waiting")).as(status::toString).isZero();
          assertThat(status.getInt("lag_seconds")).as(status::toString).isZero();
        });
    return node.getJson("/admin/compaction");
  }

  private static void awaitAllButTheLastBlocks(NodeProcess node) {
    soon()
        .untilAsserted(() ->
            assertThat(node.getJson("/admin/compaction").getInt("due")).isEqualTo(BLOCKS * SHARDS));
  }

  /** Values with two decimals, whole ones, and such that take all bits. */
  private static double value(int series, int n) {
    return switch (series % 3) {
      case 0 -> (n * 37 + series) % 10_000 / 100.0;
      case 1 -> n * series;
      default -> Math.sin(n * 0.7 + series);
    };
  }

  private static void assertCompacted(OutageServer server, KnownSamples samples, Instant end)
      throws SQLException {
    try (Connection connection = server.connect(DATABASE)) {
      samples.assertCompacted(connection, end);
      samples.assertInView(connection);
    }
  }

  @Test
  void everySampleIsFoundOnceWhateverIsCompactedAndKilled() throws Exception {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    long endMs =
        Math.floorDiv(now.minusSeconds(1_200).toEpochMilli(), BLOCK.toMillis()) * BLOCK.toMillis();
    Instant end = Instant.ofEpochMilli(endMs);
    Instant start = end.minus(BLOCK.multipliedBy(BLOCKS));
    KnownSamples samples = new KnownSamples("m");
    KnownSamples ancient = new KnownSamples("ancient");
    try (OutageServer server = new OutageServer(directory.resolve("server"))) {
      server.create(DATABASE);
      try (NodeProcess node = up(server)) {
        foldedFromMemory(node, server, samples, ancient, start, end);
        killedInTheMiddleOfAFold(node, server, samples, start, end);
      }
      try (NodeProcess node = up(server)) {
        samples.assertAnswered(node, start, now);
        awaitFolded(node, server, end);
        awaitNothingDue(node);
        samples.assertAnswered(node, start, now);
        assertCompacted(server, samples, end);
        oldDaysAreShown(node, server, ancient, start);
        node.kill();
      }
      try (NodeProcess node = up(server)) {
        samples.assertAnswered(node, start, now);
        Instant days = start.minus(Duration.ofDays(5));
        samples.assertAnswered(node, days, days.plus(BLOCK));
        awaitDropped(node, server, start);
        assertThat(node.terminate()).as(node::logText).isZero();
      }
      assertCompacted(server, samples, end);
    }
  }

  private static void foldedFromMemory(
      NodeProcess node,
      OutageServer server,
      KnownSamples samples,
      KnownSamples ancient,
      Instant start,
      Instant end)
      throws SQLException {
    JsonObject before;
    int minutes = (int) Duration.between(start, end).toMinutes();
    int sent;
    try (Connection folder = server.connect(DATABASE)) {
      // Memory seals what was left in peace for a while. Compaction would be faster.
      holdUp(folder, start, end);
      for (int minute = 0; minute < minutes; minute++) {
        for (int series = 0; series < SERIES; series++) {
          samples.add(series, start.plusSeconds(minute * 60L), value(series, minute));
        }
      }
      sent = samples.send(node);
      for (int series = 0; series < SERIES; series += 7) {
        for (int minute = 3; minute < minutes; minute += 11) {
          Instant time = start.plusSeconds(minute * 60L);
          samples.add(series, time, value(series, minute));
          samples.add(series, time.plusSeconds(60), -value(series, minute));
          samples.add(series, time.plusMillis(12_345), minute + 0.5);
        }
      }
      sent += samples.send(node);
      samples.assertAnswered(node, start, end);
      awaitStored(node);
      assertThat(
              server.number(
                  DATABASE, "SELECT sum(cardinality(ids)) FROM recent WHERE block < '" + end + "'"))
          .isEqualTo(sent);
      awaitAllButTheLastBlocks(node);
      before = node.getJson("/admin/compaction");
      assertThat(before.getBoolean("enabled")).isTrue();
      assertThat(before.getInt("blocks")).isZero();
      assertThat(before.isNull("last_run")).isTrue();
      lateOnesOfOldDays(node, server, samples, ancient, start);
      awaitAllButTheLastBlocks(node);
      before = node.getJson("/admin/compaction");
      assertThat(before.getInt("lag_seconds")).as(before::toString).isPositive();
      soon()
          .untilAsserted(
              () -> assertThat(metric(node, "tidegrid_blocks_sealed")).isEqualTo(BLOCKS * SHARDS));
    }
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger asked = new AtomicInteger();
    CompletableFuture<Void> asking =
        CompletableFuture.runAsync(() -> {
          while (!over.get()) {
            samples.assertAnswered(node, asked.getAndIncrement() % SERIES, start, end);
          }
        });
    awaitFolded(node, server, end);
    JsonObject status = awaitNothingDue(node);
    over.set(true);
    asking.join();
    assertThat(asked.get()).isGreaterThan(1);
    assertThat(status.getInt("blocks") - before.getInt("blocks")).isEqualTo(BLOCKS * SHARDS);
    assertThat(status.getInt("samples_folded") - before.getInt("samples_folded"))
        .as(status::toString)
        .isEqualTo(sent);
    assertThat(status.getInt("rows_written") - before.getInt("rows_written"))
        .isEqualTo(BLOCKS * SERIES);
    assertThat(status.getInt("failures")).as(status::toString).isZero();
    assertThat(status.isNull("last_failure")).isTrue();
    assertThat(Instant.parse(status.getString("last_run"))).isAfter(end);
    assertThat(metric(node, "tidegrid_compaction_blocks_total{source=\"memory\"}"))
        .isEqualTo(BLOCKS * SHARDS);
    assertThat(metric(node, "tidegrid_compaction_samples_total"))
        .isEqualTo(status.getInt("samples_folded"));
    samples.assertAnswered(node, start, end);
    assertCompacted(server, samples, end);
  }

  /** Has compaction find, until the connection ends, that others are at these days. */
  private static void holdUp(Connection connection, Instant from, Instant to) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (Instant day = from.truncatedTo(ChronoUnit.DAYS);
          day.isBefore(to);
          day = day.plus(1, ChronoUnit.DAYS)) {
        statement.execute(
            "SELECT pg_advisory_lock("
                + DAY_LOCK
                + ", "
                + Math.floorDiv(day.getEpochSecond(), 86_400L)
                + ")");
      }
    }
  }

  /** Samples of days that have left memory, or never were there. */
  private static void lateOnesOfOldDays(
      NodeProcess node,
      OutageServer server,
      KnownSamples samples,
      KnownSamples ancient,
      Instant start)
      throws SQLException {
    Instant days = start.minus(Duration.ofDays(5));
    Instant month = start.minus(Duration.ofDays(40));
    for (int series = 0; series < SERIES; series += 5) {
      for (int minute = 0; minute < 10; minute++) {
        samples.add(series, days.plusSeconds(minute * 60L), value(series, minute));
        ancient.add(series, month.plusSeconds(minute * 60L), value(series, minute));
      }
    }
    samples.send(node);
    ancient.send(node);
    samples.assertAnswered(node, days, days.plus(BLOCK));
    ancient.assertAnswered(node, month, month.plus(BLOCK));
    awaitFolded(node, server, start);
    assertThat(metric(node, "tidegrid_compaction_blocks_total{source=\"database\"}")).isPositive();
    samples.assertAnswered(node, days, days.plus(BLOCK));
    ancient.assertAnswered(node, month, month.plus(BLOCK));
    // Again, into what is compacted: one new value, one new time.
    for (int series = 0; series < SERIES; series += 10) {
      samples.add(series, days.plusSeconds(60), -1);
      samples.add(series, days.plusSeconds(90), -2);
    }
    samples.send(node);
    samples.assertAnswered(node, days, days.plus(BLOCK));
    awaitFolded(node, server, start);
    samples.assertAnswered(node, days, days.plus(BLOCK));
    assertCompacted(server, samples, start);
    assertCompacted(server, ancient, start);
  }

  private static void killedInTheMiddleOfAFold(
      NodeProcess node, OutageServer server, KnownSamples samples, Instant start, Instant end)
      throws SQLException {
    try (Connection reader = server.connect(DATABASE);
        Statement lock = reader.createStatement()) {
      reader.setAutoCommit(false);
      // Folds can read what is compacted and not delete it.
      lock.execute("LOCK TABLE blocks IN SHARE MODE");
      for (int series = 0; series < SERIES; series += 3) {
        for (int minute = 5; minute < 300; minute += 60) {
          Instant time = start.plusSeconds(minute * 60L);
          samples.add(series, time, -minute);
          samples.add(series, time.plusMillis(1), minute + 0.25);
        }
      }
      samples.send(node);
      samples.assertAnswered(node, start, end);
      awaitStored(node);
      soon()
          .untilAsserted(() ->
              assertThat(
                      server.number(
                          DATABASE,
                          "SELECT count(*) FROM pg_locks WHERE relation = 'blocks'::regclass AND NOT"
                              + " granted"))
                  .isPositive());
      assertThat(node.getJson("/admin/compaction").getInt("due")).isPositive();
      samples.assertAnswered(node, start, end);
      node.kill();
    }
  }

  private static void oldDaysAreShown(
      NodeProcess node, OutageServer server, KnownSamples ancient, Instant start) {
    soon().until(() -> !node.getJson("/admin/retention").isNull("next"));
    JsonObject nothing = node.getJson("/admin/retention");
    assertThat(nothing.getBoolean("enabled")).isTrue();
    assertThat(nothing.getInt("keep_seconds")).isEqualTo(30 * 86_400);
    assertThat(Instant.parse(nothing.getString("next"))).isAfter(Instant.now());
    // Old samples that came a moment ago are kept.
    assertThat(nothing.getJsonArray("partitions")).isEmpty();
    Instant month = start.minus(Duration.ofDays(40));
    ancient.assertAnswered(node, month, month.plus(BLOCK));
    server.sql(
        DATABASE,
        "UPDATE block_days SET last_write = now() - interval '31 days' WHERE day < now() - interval"
            + " '39 days'");
    JsonObject plan = node.getJson("/admin/retention");
    assertThat(plan.getJsonArray("partitions")).hasSize(1);
    JsonObject partition = plan.getJsonArray("partitions").getJsonObject(0);
    Instant day = month.truncatedTo(ChronoUnit.DAYS);
    assertThat(partition.getString("from")).isEqualTo(day.toString());
    assertThat(partition.getString("to")).isEqualTo(day.plus(1, ChronoUnit.DAYS).toString());
    assertThat(Instant.parse(partition.getString("last_write")))
        .isBefore(Instant.parse(plan.getString("before")));
    assertThat(plan.getInt("bytes")).isPositive().isEqualTo(partition.getInt("bytes"));
    assertThat(plan.getInt("rows")).isEqualTo(partition.getInt("rows"));
    // To look changes nothing.
    ancient.assertAnswered(node, month, month.plus(BLOCK));
    assertThat(node.getJson("/admin/retention").getJsonArray("partitions"))
        .isEqualTo(plan.getJsonArray("partitions"));
  }

  private static void awaitDropped(NodeProcess node, OutageServer server, Instant start) {
    Instant month = start.minus(Duration.ofDays(40));
    soon()
        .untilAsserted(
            () -> assertThat(metric(node, "tidegrid_retention_dropped_total")).isEqualTo(1));
    assertThat(node.getJson("/admin/retention").getJsonArray("partitions")).isEmpty();
    assertThat(
            server.number(DATABASE, "SELECT count(*) FROM block_days WHERE day < '" + month + "'"))
        .isZero();
    new KnownSamples("ancient").assertAnswered(node, month, month.plus(BLOCK));
  }

  @Test
  void aNodeWithoutADatabaseHasNothingToCompactOrDrop() {
    try (NodeProcess node = NodeProcess.up(directory, "--storage", "memory")) {
      assertThat(node.get("/admin/compaction").body()).isEqualTo("{\"enabled\":false}");
      assertThat(node.get("/admin/retention").body()).isEqualTo("{\"enabled\":false}");
      assertThat(node.terminate()).as(node::logText).isZero();
    }
  }
}
