package io.tidegrid.persist;

import static io.tidegrid.persist.CompactionData.BLOCK;
import static io.tidegrid.persist.CompactionData.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.persist.BlockCompaction.Outcome;
import io.tidegrid.persist.BlockCompaction.Result;
import io.tidegrid.persist.CompactionData.Columns;
import io.tidegrid.persist.CompactionSteps.Step;
import io.tidegrid.store.BlockSpan;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With a real PostgreSQL. */
@Timeout(60)
@OnEachServer
class BlockCompactionTest {

  private static final int SHARDS = 8;
  private static final CompactionPair PAIR = new CompactionPair(BLOCK, 3);
  private static final long ALL = Long.MAX_VALUE;

  private final CompactionData data = new CompactionData();
  private final CompactionData.Memory memory = new CompactionData.Memory();
  private final CompactedWriter table = data.tables;

  private BlockCompaction compaction(int maxSamples, CompactionSteps steps) {
    return new BlockCompaction(table, memory, shard -> ALL, SHARDS, maxSamples, steps);
  }

  private Result fold(BlockCompaction compaction, CompactionPair pair) throws SQLException {
    try (Connection connection = TestServer.connect(data.url)) {
      return compaction.fold(connection, pair, ALL, NOW);
    }
  }

  private Result fold() throws SQLException {
    return fold(compaction(100_000, CompactionSteps.SILENT), PAIR);
  }

  /** Whatever a double can be. */
  private static double anyValue(Random random, long id) {
    return switch (Math.floorMod(id, 7)) {
      case 0 -> random.nextInt(100);
      case 1 -> random.nextInt(10_000) / 100.0;
      case 2 -> random.nextLong(1L << 45) / 1_000.0;
      case 3 -> Double.longBitsToDouble(random.nextLong());
      case 4 -> random.nextInt(50) == 0 ? Double.longBitsToDouble(0x7ff0000000000002L) : 1.5;
      case 5 -> random.nextBoolean() ? -0.0 : 0.0;
      default ->
          switch (random.nextInt(6)) {
            case 0 -> Double.MAX_VALUE;
            case 1 -> Double.MIN_VALUE;
            case 2 -> Double.NEGATIVE_INFINITY;
            case 3 -> 0x1p53 + 2;
            case 4 -> 1e-14;
            default -> random.nextDouble();
          };
    };
  }

  private Columns anyRow(Random random, int samples) {
    return anyRow(random, samples, BLOCK);
  }

  private Columns anyRow(Random random, int samples, long block) {
    Columns columns = new Columns();
    for (int i = 0; i < samples; i++) {
      long id = (random.nextInt(21) + 1) * 0x9E3779B97F4A7C15L;
      long offset =
          (id & 8) == 0 ? random.nextInt(100) * 10_000L : random.nextInt((int) BlockSpan.LENGTH_MS);
      columns.add(id, block + offset, anyValue(random, id));
    }
    return columns;
  }

  @ParameterizedTest
  @ValueSource(ints = {100_000, 300, 40})
  void foldsAnythingFromTheDatabase(int maxSamples) throws SQLException {
    Random random = new Random(maxSamples);
    BlockCompaction compaction = compaction(maxSamples, CompactionSteps.SILENT);
    for (int round = 0; round < 4; round++) {
      for (int row = 0; row < 5; row++) {
        data.write(SHARDS, 3, 100L * round + row + 1, anyRow(random, 1 + random.nextInt(200)));
      }
      data.check();
      Result result = fold(compaction, PAIR);
      assertThat(result.outcome()).isEqualTo(Outcome.FROM_DATABASE);
      assertThat(result.recentRows()).isEqualTo(5);
      assertThat(data.recentRows()).isZero();
      data.check();
    }
    assertThat(fold().outcome()).isEqualTo(Outcome.NOTHING);
  }

  @Test
  void theLastPositionAndTheHighestSequenceWin() throws SQLException {
    data.write(SHARDS, 3, 2, new Columns().add(7, BLOCK, 1).add(7, BLOCK, 2).add(7, BLOCK + 5, 9));
    data.write(SHARDS, 3, 1, new Columns().add(7, BLOCK, 3).add(7, BLOCK + 7, 8));
    fold();
    data.check();
    data.write(SHARDS, 3, 9, new Columns().add(7, BLOCK + 5, 10).add(7, BLOCK + 6, 11));
    fold();
    data.check();
    assertThat(data.blockRows()).isEqualTo(1);
  }

  @Test
  void rowsOfOtherShardCountsAreFoldedWithoutHidingNewerOnes() throws SQLException {
    data.write(SHARDS, 3, 2L << 32, new Columns().add(7, BLOCK, 20).add(8, BLOCK, 21));
    fold();
    // Written before, under other counts, and found only now.
    data.write(64, 3, 1L << 32, new Columns().add(7, BLOCK, 10).add(7, BLOCK + 1, 11));
    data.write(0, 3, (1L << 32) + 1, new Columns().add(9, BLOCK, 12));
    data.write(SHARDS, 3, (2L << 32) + 1, new Columns().add(8, BLOCK, 22));
    Result others = fold();
    assertThat(others.more()).isTrue();
    assertThat(others.recentRows()).isEqualTo(2);
    data.check();
    assertThat(fold().recentRows()).isEqualTo(1);
    data.check();
    assertThat(data.recentRows()).isZero();
  }

  @Test
  void foldsFromMemoryWhatMemoryHolds() throws SQLException {
    Random random = new Random(5);
    for (int row = 0; row < 20; row++) {
      data.write(SHARDS, 3, row + 1, anyRow(random, 200));
    }
    memory.hold(PAIR, 20, data.expected);
    data.write(SHARDS, 3, 21, anyRow(random, 30));
    Result result = fold();
    assertThat(result.outcome()).isEqualTo(Outcome.FROM_MEMORY);
    assertThat(result.recentRows()).isEqualTo(20);
    assertThat(data.recentRows()).isEqualTo(1);
    data.check();
    // A few late samples: only their series are written again.
    memory.hold(PAIR, 21, data.expected);
    Result late = fold();
    assertThat(late.outcome()).isEqualTo(Outcome.FROM_MEMORY);
    assertThat(late.series()).isLessThan(result.series());
    assertThat(data.recentRows()).isZero();
    data.check();
  }

  @Test
  void whatMayBeOvertakenWaits() throws SQLException {
    data.write(SHARDS, 3, 5, new Columns().add(7, BLOCK, 5));
    BlockCompaction pendingFour =
        new BlockCompaction(table, memory, shard -> 4, SHARDS, 1_000, CompactionSteps.SILENT);
    assertThat(fold(pendingFour, PAIR).outcome()).isEqualTo(Outcome.UNSETTLED);
    try (Connection connection = TestServer.connect(data.url)) {
      Result unsettled = compaction(1_000, CompactionSteps.SILENT).fold(connection, PAIR, 4, NOW);
      assertThat(unsettled.outcome()).isEqualTo(Outcome.UNSETTLED);
      assertThat(unsettled.highest()).isEqualTo(5);
      assertThat(data.recentRows()).isEqualTo(1);
      assertThat(
              compaction(1_000, CompactionSteps.SILENT)
                  .fold(connection, PAIR, unsettled.highest(), NOW)
                  .recentRows())
          .isEqualTo(1);
    }
    data.check();
  }

  @Test
  void aBadRowIsRefusedAndNothingChanges() throws SQLException {
    data.write(SHARDS, 3, 1, new Columns().add(7, BLOCK, 1));
    TestServer.execute(
        data.url,
        "INSERT INTO recent SELECT committed, shards, shard, block, 2, '{7,8}', times, samples FROM"
            + " recent");
    assertThatThrownBy(this::fold).isInstanceOf(IllegalArgumentException.class);
    assertThat(data.recentRows()).isEqualTo(2);
    assertThat(data.blockRows()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"BEGUN", "READ", "DELETED", "WRITTEN", "CONSUMED", "COMMITTED"})
  void aConnectionLostAtAnyStepLosesNothing(Step lost) throws SQLException {
    Random random = new Random(9);
    data.write(SHARDS, 3, 1, anyRow(random, 500));
    fold();
    data.write(SHARDS, 3, 2, anyRow(random, 500));
    for (boolean fromMemory : new boolean[] {false, true}) {
      if (fromMemory) {
        memory.hold(PAIR, 3, data.expected);
        data.write(SHARDS, 3, 3, anyRow(random, 1));
        memory.hold(PAIR, 3, data.expected);
      }
      BlockCompaction killed =
          compaction(
              100_000,
              (step, connection) -> {
                if (step == lost) {
                  int pid = connection.unwrap(org.postgresql.PGConnection.class).getBackendPID();
                  TestServer.execute(data.url, "SELECT pg_terminate_backend(" + pid + ", 5000)");
                  if (step == Step.COMMITTED) {
                    throw new SQLException("the answer to the commit was lost", "08006");
                  }
                }
              });
      assertThatThrownBy(() -> fold(killed, PAIR)).isInstanceOf(SQLException.class);
      data.check();
      Result again = fold();
      assertThat(again.outcome())
          .isEqualTo(
              lost == Step.COMMITTED
                  ? Outcome.NOTHING
                  : fromMemory ? Outcome.FROM_MEMORY : Outcome.FROM_DATABASE);
      assertThat(data.recentRows()).isZero();
      data.check();
    }
  }

  @Test
  void twoAtOnceLoseNothing() throws Exception {
    Random random = new Random(11);
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int round = 0; round < 8; round++) {
        long block = BLOCK + round * BlockSpan.LENGTH_MS;
        CompactionPair own = new CompactionPair(block, 3);
        // The same series under another number of shards: another pair, the same rows.
        CompactionPair other = new CompactionPair(block, 35);
        data.write(64, 35, 7, anyRow(random, 300, block));
        data.write(SHARDS, 3, 1L << 32, anyRow(random, 300, block));
        CountDownLatch start = new CountDownLatch(3);
        List<Callable<Optional<Result>>> all =
            List.of(
                () -> attempt(start, own), () -> attempt(start, own), () -> attempt(start, other));
        for (Future<Optional<Result>> result : threads.invokeAll(all)) {
          Optional<Result> ignored = result.get();
        }
        data.check();
        while (fold(compaction(1_000, CompactionSteps.SILENT), own).recentRows()
                + fold(compaction(1_000, CompactionSteps.SILENT), other).recentRows()
            > 0) {
          data.check();
        }
      }
    }
    assertThat(data.recentRows()).isZero();
    data.check();
  }

  private Optional<Result> attempt(CountDownLatch start, CompactionPair pair) throws Exception {
    start.countDown();
    assertThat(start.await(5, TimeUnit.SECONDS)).isTrue();
    try {
      return Optional.of(fold(compaction(1_000, CompactionSteps.SILENT), pair));
    } catch (SQLException e) {
      assertThat(SqlErrors.state(e)).isIn("40001", "23505", "40P01");
      return Optional.empty();
    }
  }

  @Test
  void memoryThatLacksASeriesIsNotBelieved() throws SQLException {
    data.write(SHARDS, 3, 1, new Columns().add(7, BLOCK, 1));
    memory.hold(PAIR, 1, data.expected);
    data.write(SHARDS, 3, 1, new Columns().add(8, BLOCK, 1));
    assertThatThrownBy(this::fold).isInstanceOf(IllegalArgumentException.class);
    data.check();
  }
}
