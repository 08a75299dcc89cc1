package io.tidegrid.node;

import static io.tidegrid.node.ReloadGrid.BLOCK;
import static io.tidegrid.node.ReloadGrid.START;
import static io.tidegrid.node.ReloadGrid.soon;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Blocks that came back, or come, when their shards move and when memory is short. */
@Timeout(90)
class BlockReloadMoveTest {

  private static final int SERIES = 12;

  private static ReloadGrid grid(int members, int backups, long maxMemory) {
    ReloadGrid grid = new ReloadGrid(backups, maxMemory);
    for (int i = 0; i < members; i++) {
      ReloadGrid.Member ignored = grid.start();
    }
    grid.restored();
    grid.now.set(START + 3 * BLOCK);
    for (int block = 0; block <= 3; block++) {
      for (int series = 0; series < SERIES; series++) {
        grid.fill(series, START + block * BLOCK);
      }
    }
    grid.commit();
    grid.evictBefore(START + 3 * BLOCK);
    return grid;
  }

  @Test
  void whoTakesOverHoldsWhatCameBackAndNothingHalf() throws InterruptedException {
    try (ReloadGrid grid = grid(2, 1, 16 << 20)) {
      for (int series = 0; series < SERIES; series++) {
        if (!grid.isWhole(series, START)) {
          grid.ask(series, START);
          grid.awaitWhole(series, START);
        }
      }
      grid.write(1, START + 1, 5);
      grid.commit();
      // A third member takes shards over, with what came back.
      ReloadGrid.Member third = grid.start();
      soon().until(() -> !ReloadGrid.owned(third).isEmpty());
      grid.awaitSafe();
      checkAllFromMemory(grid);

      // One is killed while a block comes back, and its shards are promoted.
      leave(grid, 2, START + BLOCK, true);
      checkAllFromMemory(grid);
      // One leaves in order, and hands its shards over.
      leave(grid, 3, START + 2 * BLOCK, false);
      checkAllFromMemory(grid);
    }
  }

  private static void checkAllFromMemory(ReloadGrid grid) {
    grid.database.away = true;
    for (int series = 0; series < SERIES; series++) {
      int number = series;
      soon()
          .ignoreExceptions()
          .until(() -> {
            grid.checkBlock(number, START);
            return true;
          });
    }
    grid.database.away = false;
  }

  private static void leave(ReloadGrid grid, int series, long block, boolean killed)
      throws InterruptedException {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    grid.database.gate =
        () -> {
          reading.countDown();
          assertThat(go.await(30, TimeUnit.SECONDS)).isTrue();
        };
    grid.ask(series, block);
    assertThat(reading.await(20, TimeUnit.SECONDS)).isTrue();
    grid.write(series, block + 60_000, 7);
    grid.commit();
    grid.write(series, block + 120_000, 8);
    ReloadGrid.Member owner = grid.ownerOf(ReloadGrid.shardOf(series));
    grid.members.remove(owner);
    owner.engine().close();
    if (killed) {
      owner.node().hazelcast().getLifecycleService().terminate();
    } else {
      owner.node().hazelcast().shutdown();
    }
    go.countDown();
    grid.database.gate = () -> {};
    soon()
        .ignoreExceptions()
        .until(() -> {
          grid.checkBlock(series, block);
          return true;
        });
    grid.commit();
    soon()
        .until(() -> {
          grid.checkBlock(series, block);
          return grid.isWhole(series, block);
        });
    grid.checkBlock(series, block);
    grid.database.away = true;
    grid.checkBlock(series, block);
    grid.database.away = false;
  }

  @Test
  void theFirstToLeaveWhenMemoryIsShort() {
    try (ReloadGrid grid = grid(1, 0, 1 << 20)) {
      grid.ask(1, START);
      grid.awaitWhole(1, START);
      assertThat(grid.members.getFirst().node().store().isMemoryScarce()).isFalse();
      // In a block that is open, and so cannot leave.
      long recent = ReloadGrid.startOf(grid.now.get());
      for (int series = 100; !grid.members.getFirst().node().store().isMemoryScarce(); series++) {
        grid.fill(series, recent);
      }
      soon().until(() -> !grid.isWhole(1, START));
      grid.checkBlock(1, START);
      assertThat(grid.count("tidegrid.blocks.reload.dropped")).isEqualTo(1);
      assertThat(grid.count("tidegrid.blocks.reload.abandoned")).isZero();
      grid.ask(2, START);
      soon().until(() -> grid.count("tidegrid.blocks.reload.abandoned") == 1);
      assertThat(grid.isWhole(2, START)).isFalse();
    }
  }
}
