package io.tidegrid.node;

import static io.tidegrid.node.ReloadGrid.BLOCK;
import static io.tidegrid.node.ReloadGrid.START;
import static io.tidegrid.node.ReloadGrid.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.query.QueryContext;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Blocks that memory gave up come back when they are asked for often, and are as good as those that
 * never left. One member; each test has a block of its own.
 */
@Timeout(60)
class BlockReloadTest {

  private static final int SERIES = 12;
  private static final int BLOCKS = 8;

  private static ReloadGrid grid;

  @BeforeAll
  static void start() {
    grid = new ReloadGrid(0, 16 << 20);
    ReloadGrid.Member ignored = grid.start();
    grid.restored();
    grid.now.set(START + BLOCKS * BLOCK);
    for (int block = 0; block <= BLOCKS; block++) {
      for (int series = 0; series < SERIES; series++) {
        grid.fill(series, START + block * BLOCK);
      }
    }
    grid.commit();
    grid.evictBefore(START + BLOCKS * BLOCK);
  }

  @AfterAll
  static void stop() {
    grid.close();
  }

  @BeforeEach
  void reset() {
    grid.database.gate = () -> {};
    grid.database.away = false;
  }

  private static void checkFromMemory(int series, long block) {
    int before = grid.database.queries.get();
    grid.checkBlock(series, block);
    assertThat(grid.database.queries).hasValue(before);
  }

  @Test
  void aBlockThatIsAskedForOftenIsReadFromMemory() {
    long block = START;
    double reloads = grid.meters.timer("tidegrid.blocks.reload").count();
    int before = grid.database.queries.get();
    grid.ask(1, block);
    assertThat(grid.database.queries).hasValue(before + ReloadGrid.ASKS);
    grid.awaitWhole(1, block);
    checkFromMemory(1, block);
    grid.check(1, block + 600_000, block + 4_200_000);
    // Of all series of the shard, and only of this one.
    int other = other(1, true);
    checkFromMemory(other, block);
    assertThat(grid.isWhole(other(1, false), block)).isFalse();
    assertThat(grid.isWhole(1, block + BLOCK)).isFalse();
    assertThat(
            grid.members
                .getFirst()
                .engine()
                .latest(
                    "a",
                    List.of(Matcher.equal("i", "1")),
                    block + BLOCK - 1,
                    QueryContext.of(Duration.ofSeconds(5)))
                .getFirst()
                .times())
        .containsExactly(block + 119 * 60_000L);
    assertThat(grid.database.queries).hasValue(before + ReloadGrid.ASKS);
    // A range with other blocks lacks only these.
    grid.check(1, block, block + 2 * BLOCK);
    assertThat(grid.database.queries).hasValue(before + ReloadGrid.ASKS + 1);
    assertThat(grid.meters.timer("tidegrid.blocks.reload").count()).isEqualTo((long) reloads + 1);
    assertThat(grid.count("tidegrid.blocks.reload.samples")).isPositive();
    soon()
        .untilAsserted(() ->
            assertThat(grid.meters.get("tidegrid.blocks.reload.held").gauge().value())
                .isPositive());
  }

  /** Returns another series of the same shard, or of another. */
  private static int other(int series, boolean same) {
    for (int other = 0; ; other++) {
      if (other != series && (ReloadGrid.shardOf(other) == ReloadGrid.shardOf(series)) == same) {
        return other;
      }
    }
  }

  @Test
  void whatIsWrittenWhileABlockComesBackCounts() throws InterruptedException {
    long block = START + BLOCK;
    // Not committed, and in no block: the reload waits for it.
    grid.writeOld(2, block + 1, 7);
    int before = grid.database.reloads.get();
    grid.ask(2, block);
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    grid.database.gate =
        () -> {
          reading.countDown();
          assertThat(go.await(30, TimeUnit.SECONDS)).isTrue();
        };
    assertThat(reading.await(300, TimeUnit.MILLISECONDS)).isFalse();
    assertThat(grid.database.reloads).hasValue(before);
    // In the block that comes, and so seen at once.
    grid.write(2, block + 2, 8);
    grid.checkBlock(2, block);
    grid.commit();
    assertThat(reading.await(10, TimeUnit.SECONDS)).isTrue();
    // The snapshot is taken: another value, a late sample, a value that was there before.
    grid.write(2, block + 60_000, -1);
    grid.write(2, block + 3, 9);
    grid.write(2, block + 1, 7.5);
    grid.write(2, block + 120_000, 2.02);
    grid.checkBlock(2, block);
    grid.commit();
    grid.checkBlock(2, block);
    assertThat(grid.isWhole(2, block)).isFalse();
    go.countDown();
    grid.awaitWhole(2, block);
    checkFromMemory(2, block);
    grid.write(2, block + 180_000, -2);
    grid.write(2, block + 4, 10);
    checkFromMemory(2, block);
    grid.commit();
    checkFromMemory(2, block);
    grid.database.away = true;
    checkFromMemory(2, block);
    assertThatThrownBy(() -> grid.checkBlock(2, block - BLOCK / 2))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY));
  }

  @Test
  void aPartialBlockIsReplacedOnceItIsCommitted() {
    long block = START + 2 * BLOCK;
    long time = grid.now.get();
    // Its shard is partial there, and a late sample makes a block of its own.
    grid.now.set(block + Duration.ofDays(3).toMillis() - 1_000);
    grid.write(3, block + 5, 3);
    grid.now.set(time);
    grid.checkBlock(3, block);
    grid.ask(3, block);
    grid.commit();
    soon()
        .until(() -> {
          grid.checkBlock(3, block);
          return grid.isWhole(3, block);
        });
    checkFromMemory(3, block);
  }

  @Test
  void aReloadThatFailsLeavesNothingBehind() {
    long block = START + 3 * BLOCK;
    double failed = grid.count("tidegrid.blocks.reload.abandoned");
    grid.database.gate = () -> grid.database.away = true;
    grid.ask(4, block);
    soon().until(() -> grid.count("tidegrid.blocks.reload.abandoned") > failed);
    assertThat(grid.isWhole(4, block)).isFalse();
    grid.database.gate = () -> {};
    grid.database.away = false;
    grid.writeOld(4, block + 60_000, 5);
    grid.checkBlock(4, block);
    grid.commit();
    grid.ask(4, block);
    grid.awaitWhole(4, block);
    checkFromMemory(4, block);
  }

  @Test
  void aBlockLeavesWhenItIsNotAskedForAnyMore() {
    long block = START + 4 * BLOCK;
    grid.ask(5, block);
    grid.awaitWhole(5, block);
    for (int i = 0; i < 2; i++) {
      grid.now.addAndGet(Duration.ofMinutes(9).toMillis());
      checkFromMemory(5, block);
      double looks = looks();
      soon().until(() -> looks() > looks + 1);
    }
    grid.write(5, block + 6, 1);
    grid.now.addAndGet(Duration.ofMinutes(11).toMillis());
    soon()
        .during(Duration.ofMillis(1_200))
        .untilAsserted(() -> assertThat(grid.isWhole(5, block)).as("not committed").isTrue());
    grid.commit();
    soon().until(() -> !grid.isWhole(5, block));
    grid.checkBlock(5, block);
  }

  /** Counts what the reloader asks of retention, which it does in each look at what is held. */
  private static double looks() {
    return grid.database.looks.get();
  }

  @Test
  void whatRetentionDroppedDoesNotComeBack() {
    long block = START + 5 * BLOCK;
    grid.database.droppedBlocks.add(block);
    int reloads = grid.database.reloads.get();
    grid.ask(6, block);
    grid.ask(6, block + BLOCK);
    grid.awaitWhole(6, block + BLOCK);
    assertThat(grid.isWhole(6, block)).isFalse();
    assertThat(grid.database.reloads).hasValue(reloads + 1);
    grid.database.droppedBlocks.add(block + BLOCK);
    soon().until(() -> !grid.isWhole(6, block + BLOCK));
  }

  /** Whatever happens beside a reload, an answer is what was written. */
  @Test
  void answersAreRightAtEveryMoment() {
    long block = START + 7 * BLOCK;
    Random random = new Random(3);
    grid.database.gate = () -> TimeUnit.MILLISECONDS.sleep(random.nextInt(12));
    long reloads = grid.meters.timer("tidegrid.blocks.reload").count();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (grid.meters.timer("tidegrid.blocks.reload").count() < reloads + 6
        && System.nanoTime() < end) {
      int series = random.nextInt(SERIES);
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3 ->
            grid.writeOld(series, block + 30_000L * random.nextInt(240), random.nextInt(1_000));
        case 4, 5 -> grid.commit();
        case 6 -> {
          if (!grid.database.droppedBlocks.remove(block) && random.nextInt(6) == 0) {
            // What is held leaves, and may come back a moment later.
            grid.database.droppedBlocks.add(block);
          }
        }
        default -> grid.checkBlock(series, block);
      }
    }
    assertThat(grid.meters.timer("tidegrid.blocks.reload").count()).isGreaterThan(reloads + 5);
  }
}
