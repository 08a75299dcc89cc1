package io.tidegrid.persist;

import static io.tidegrid.persist.CompactionData.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.persist.CompactionData.Columns;
import io.tidegrid.persist.CompactionSteps.Step;
import io.tidegrid.store.BlockSpan;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** With a real PostgreSQL. */
@Timeout(60)
class CompactorTest {

  private static final int SHARDS = 4;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final CompactionOptions AT_ONCE =
      new CompactionOptions(Duration.ZERO, 1, Duration.ofDays(30));

  @TempDir private Path directory;

  private final CompactionData data = new CompactionData();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final AtomicReference<Instant> now = new AtomicReference<>(CompactionData.NOW);
  private final List<AutoCloseable> toClose = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : toClose.reversed()) {
      closeable.close();
    }
  }

  private Database database() throws InterruptedException {
    Database database =
        new Database(PersistOptions.remote(data.url, directory), new SimpleMeterRegistry());
    toClose.add(database);
    database.start();
    assertThat(database.awaitConnected(PATIENCE)).isTrue();
    return database;
  }

  private Compactor compactor(CompactionOptions options, IntPredicate owned, CompactionSteps steps)
      throws InterruptedException {
    Compactor compactor =
        new Compactor(
            database(),
            new BlockWriter(),
            new Compactor.Grid(SHARDS, owned, shard -> Long.MAX_VALUE, new CompactionData.Memory()),
            options,
            RetentionOptions.ofRaw(options.rawRetention()),
            new RollupPartitions(),
            () -> 0,
            now::get,
            meters,
            steps);
    toClose.add(compactor);
    return compactor;
  }

  private static RetentionPlan retentionOf(Compactor compactor) {
    try {
      return compactor.retention();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void awaitFolded() {
    await().atMost(PATIENCE).until(() -> data.recentRows() == 0);
  }

  private static Columns one(long id, long timeMs) {
    return new Columns().add(id, timeMs, id + timeMs % 1000 / 8.0);
  }

  @Test
  void foldsWhatItsMemberOwnsAndLeavesTheRest() throws Exception {
    data.write(SHARDS, 1, 1, one(11, BLOCK));
    data.write(SHARDS, 2, 1, one(12, BLOCK));
    // Of another number of shards: 6 is 2 modulo 4, 5 is 1.
    data.write(16, 5, 1, one(13, BLOCK));
    data.write(16, 6, 1, one(14, BLOCK));
    // The block of the present has not ended.
    data.write(SHARDS, 1, 2, one(15, now.get().toEpochMilli()));
    Compactor first = compactor(AT_ONCE, shard -> shard == 1, CompactionSteps.SILENT);
    await().atMost(PATIENCE).until(() -> data.recentRows() == 3);
    await().atMost(PATIENCE).until(() -> first.status().due() == 0);
    assertThat(data.blockRows()).isEqualTo(2);
    Compactor second = compactor(AT_ONCE, shard -> shard != 1, CompactionSteps.SILENT);
    await().atMost(PATIENCE).until(() -> data.recentRows() == 1);
    data.check();
    await().atMost(PATIENCE).until(() -> second.status().blocks() == 2);
    assertThat(second.status().samplesFolded()).isEqualTo(2);
    assertThat(second.status().lastRun()).contains(now.get());
    assertThat(meters.get("tidegrid.compaction.samples").counter().count()).isPositive();
    now.set(now.get().plus(Duration.ofHours(3)));
    awaitFolded();
    data.check();
  }

  @Test
  void waitsForItsDelayAndGathersWhatComesLate() throws Exception {
    now.set(Instant.ofEpochMilli(BLOCK + BlockSpan.LENGTH_MS + 1_000));
    data.write(SHARDS, 1, 1, one(11, BLOCK), now.get());
    // Looks ten times in a delay.
    Duration delay = Duration.ofSeconds(3);
    Compactor compactor =
        compactor(
            new CompactionOptions(delay, 1, Duration.ZERO), shard -> true, CompactionSteps.SILENT);
    await().atMost(PATIENCE).until(() -> compactor.status().waiting() == 1);
    assertThat(data.recentRows()).isEqualTo(1);
    now.set(now.get().plusSeconds(2));
    awaitUnsettledFold();
    data.write(SHARDS, 1, 2, one(11, BLOCK + 1_000), now.get());
    await().atMost(PATIENCE).until(() -> compactor.status().waiting() == 1);
    assertThat(compactor.status().due()).isZero();
    now.set(now.get().plusSeconds(1));
    awaitUnsettledFold();
    data.check();
    assertThat(data.blockRows()).isEqualTo(1);
  }

  /** Time must go on, for a batch could be on its way for a while. */
  private void awaitUnsettledFold() {
    await()
        .atMost(PATIENCE)
        .until(() -> {
          now.set(now.get().plusMillis(100));
          return data.recentRows() == 0;
        });
  }

  @Test
  void oneThatFailsDoesNotStopTheOthers() throws Exception {
    data.write(SHARDS, 1, 1, one(11, BLOCK));
    TestServer.execute(data.url, "UPDATE recent SET ids = '{1,2,3}'");
    data.write(SHARDS, 1, 1, one(12, BLOCK + BlockSpan.LENGTH_MS / 2 - BlockSpan.LENGTH_MS));
    data.write(SHARDS, 2, 1, one(13, BLOCK));
    Compactor compactor = compactor(AT_ONCE, shard -> true, CompactionSteps.SILENT);
    await().atMost(PATIENCE).until(() -> compactor.status().blocks() == 2);
    await().atMost(PATIENCE).until(() -> compactor.status().failing() == 1);
    assertThat(data.recentRows()).isEqualTo(1);
    assertThat(compactor.status().lastFailure()).contains("of shard 1");
    // Mended, it is folded once its pause is over.
    TestServer.execute(data.url, "UPDATE recent SET ids = '{11}'");
    now.set(now.get().plusSeconds(40));
    awaitFolded();
    data.check();
  }

  @Test
  void dropsEmptyPartitionsOfHoursThatAreOver() throws Exception {
    Instant long_ago = now.get().minus(Duration.ofHours(5));
    data.write(SHARDS, 1, 1, one(11, BLOCK), long_ago);
    data.write(SHARDS, 1, 2, one(11, BLOCK + 5), now.get());
    // A reader that is at it holds nobody up, and is waited for.
    try (Connection reader = TestServer.connect(data.url);
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("SELECT count(*) FROM recent");
      compactor(AT_ONCE, shard -> true, CompactionSteps.SILENT);
      awaitFolded();
      data.write(SHARDS, 1, 3, one(12, now.get().toEpochMilli()), now.get());
      reader.commit();
    }
    await().atMost(PATIENCE).until(() -> partitions("recent") == 1);
    data.check();
  }

  private long partitions(String table) {
    return TestServer.number(
        data.url,
        "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE '" + table + "\\_p%'");
  }

  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"DETACHED", "DROPPED", "WRITTEN"})
  void aKillWhileDroppingIsMadeGood(Step killed) throws Exception {
    Instant long_ago = now.get().minus(Duration.ofHours(5));
    data.write(SHARDS, 1, 1, one(11, BLOCK), long_ago);
    compactor(
        AT_ONCE,
        shard -> true,
        new CompactionSteps() {
          private boolean done;

          @Override
          public void reached(Step step, Connection connection) throws SQLException {
            if (step == killed && !done) {
              done = true;
              int pid = connection.unwrap(org.postgresql.PGConnection.class).getBackendPID();
              TestServer.execute(data.url, "SELECT pg_terminate_backend(" + pid + ", 5000)");
            }
          }
        });
    await()
        .atMost(PATIENCE)
        .until(() -> {
          now.set(now.get().plusSeconds(31));
          return partitions("recent") == 0;
        });
    data.check();
    assertThat(data.blockRows()).isEqualTo(1);
  }

  @Test
  void aPartitionThatWasWrittenToAfterAllIsPutBack() throws Exception {
    Instant long_ago = now.get().minus(Duration.ofHours(5));
    data.write(SHARDS, 1, 1, one(11, BLOCK), long_ago);
    String partition =
        new HourPartitions("recent").partition(HourPartitions.hourOf(long_ago.toEpochMilli()));
    TestServer.execute(
        data.url,
        "DELETE FROM recent; ALTER TABLE recent DETACH PARTITION "
            + partition
            + "; INSERT INTO "
            + partition
            + " VALUES ('"
            + long_ago.truncatedTo(java.time.temporal.ChronoUnit.HOURS)
            + "', 4, 1, '"
            + Instant.ofEpochMilli(BLOCK)
            + "', 1, '{11}', '{\""
            + Instant.ofEpochMilli(BLOCK)
            + "\"}', '{"
            + (11 + BLOCK % 1000 / 8.0)
            + "}')");
    try (Connection connection = TestServer.connect(data.url)) {
      new RecentPartitions(CompactionSteps.SILENT).dropEmpty(connection, now.get());
      assertThat(data.recentRows()).isEqualTo(1);
    }
    data.check();
  }

  @Test
  void retentionKeepsWhatWasWrittenLately() throws Exception {
    Instant old = now.get().minus(Duration.ofDays(400));
    data.write(SHARDS, 1, 1, one(11, old.toEpochMilli()));
    data.write(SHARDS, 1, 2, one(11, BLOCK));
    Compactor compactor = compactor(AT_ONCE, shard -> true, CompactionSteps.SILENT);
    awaitFolded();
    await().atMost(PATIENCE).until(() -> retentionOf(compactor).next().isPresent());
    assertThat(retentionOf(compactor).partitions()).isEmpty();
    assertThat(partitions("blocks")).isEqualTo(2);
    // A month after the write both are old enough, but for what was written meanwhile.
    now.set(now.get().plus(Duration.ofDays(29)));
    data.write(SHARDS, 1, 3, one(11, BLOCK + 1), now.get());
    awaitFolded();
    now.set(now.get().plus(Duration.ofDays(2)));
    await().atMost(PATIENCE).until(() -> partitions("blocks") == 1);
    assertThat(TestServer.number(data.url, "SELECT count(*) FROM block_days")).isEqualTo(1);
    data.expected.get(11L).remove(old.toEpochMilli());
    data.check();
    assertThat(meters.get("tidegrid.retention.dropped").counter().count()).isEqualTo(1);
    now.set(now.get().plus(Duration.ofDays(29)));
    await().atMost(PATIENCE).until(() -> partitions("blocks") == 0);
    data.write(SHARDS, 1, 4, one(11, BLOCK), now.get());
    awaitFolded();
    assertThat(data.blockRows()).isEqualTo(1);
  }

  @Test
  void migrationTellsWhatRetentionWouldDropAndDropsNothing() throws Exception {
    try (Migration migration =
        Migration.open(PersistOptions.remote(TestServer.newDatabase(), directory))) {
      assertThat(migration.applied()).isEmpty();
      assertThat(migration.pending()).startsWith("V001__samples.sql", "V002__blocks.sql");
      assertThat(migration.retention(Duration.ofDays(30), now::get).partitions()).isEmpty();
      assertThat(migration.applied()).isEmpty();
      int version = migration.apply();
      assertThat(migration.applied()).hasSize(version);
      assertThat(migration.pending()).isEmpty();
    }
    data.write(SHARDS, 1, 1, one(11, BLOCK));
    compactor(AT_ONCE, shard -> true, CompactionSteps.SILENT);
    awaitFolded();
    try (Migration migration = Migration.open(PersistOptions.remote(data.url, directory))) {
      assertThat(migration.retention(Duration.ofDays(30), now::get).partitions()).isEmpty();
      RetentionPlan plan =
          migration.retention(Duration.ofDays(30), () -> now.get().plus(Duration.ofDays(32)));
      assertThat(plan.partitions()).hasSize(1);
      ExpiredPartition partition = plan.partitions().getFirst();
      assertThat(partition.table()).isEqualTo("blocks_p20260504");
      assertThat(partition.from()).isEqualTo(Instant.parse("2026-05-04T00:00:00Z"));
      assertThat(partition.to()).isEqualTo(Instant.parse("2026-05-05T00:00:00Z"));
      assertThat(partition.lastWrite()).isAfter(now.get());
      assertThat(partition.bytes()).isPositive();
      assertThat(migration.retention(Duration.ZERO, now::get).partitions()).isEmpty();
    }
    assertThat(data.blockRows()).isEqualTo(1);
  }
}
