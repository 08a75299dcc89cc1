package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.IndeterminateOperationStateException;
import com.hazelcast.map.EntryProcessor;
import io.tidegrid.grid.Birth;
import io.tidegrid.live.AppendedSamples;
import io.tidegrid.live.SampleTap;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.io.Serial;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the tap sees of writes that have to be sent again, as their backup did not answer. */
@Timeout(60)
class WriteRetryTest {

  private static final int SHARD = 0;
  private static final long NOW = 1_790_000_000_000L;

  private static volatile CountDownLatch held = new CountDownLatch(0);
  private static volatile CountDownLatch release = new CountDownLatch(0);

  private final List<AppendedSamples> shown = new CopyOnWriteArrayList<>();

  private final SampleTap tap =
      new SampleTap() {
        @Override
        public boolean isOpen() {
          return true;
        }

        @Override
        public void appended(AppendedSamples samples) {
          shown.add(samples);
        }
      };

  /** Writes an entry, and keeps the thread of its partition on the backup until it is released. */
  private static final class HoldBackup implements EntryProcessor<Integer, String, Boolean> {
    @Serial private static final long serialVersionUID = 1L;

    @Override
    public Boolean process(Map.Entry<Integer, String> entry) {
      entry.setValue("held");
      return true;
    }

    @Override
    public EntryProcessor<Integer, String, Boolean> getBackupProcessor() {
      return new Hold();
    }
  }

  private static final class Hold implements EntryProcessor<Integer, String, Boolean> {
    @Serial private static final long serialVersionUID = 1L;

    @Override
    public Boolean process(Map.Entry<Integer, String> entry) {
      held.countDown();
      try {
        return release.await(20, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  private static ShardBatch batch(boolean old, long time, double value) {
    SeriesKey key = SeriesKey.of("a", Labels.of(Labels.METRIC_NAME, "m"));
    return new ShardBatch(
        0,
        old,
        1,
        new long[] {key.id()},
        new long[] {time},
        new double[] {value},
        new int[] {0},
        List.of(new Birth(key.id(), key.tenant(), key.labels())));
  }

  private static CompletableFuture<AppendOutcome> write(TestGrid.Node node, ShardBatch batch) {
    return node.store().write(SHARD, batch).toCompletableFuture();
  }

  @Test
  void samplesTooOldForMemoryAreShownOnceAndOthersAtTheFirstTry() throws Exception {
    try (TestGrid grid =
        new TestGrid(
            TestGrid.withDatabase(4),
            () -> Instant.ofEpochMilli(NOW),
            config -> config.setProperty("hazelcast.operation.backup.timeout.millis", "500"),
            member -> tap)) {
      TestGrid.Node node = grid.start();
      var _ = grid.start();
      grid.awaitSafe();
      write(node, batch(false, NOW, 1)).join();
      await().until(() -> shown.size() == 1);
      shown.clear();

      held = new CountDownLatch(1);
      release = new CountDownLatch(1);
      var _ =
          node.hazelcast()
              .<Integer, String>getMap("hold")
              .submitToKey(node.store().partitionKey(SHARD), new HoldBackup());
      assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
      ShardBatch old = batch(true, NOW - TimeUnit.DAYS.toMillis(300), 2);
      ShardBatch recent = batch(false, NOW + 1000, 3);
      CompletableFuture<AppendOutcome> oldAnswer = write(node, old);
      CompletableFuture<AppendOutcome> recentAnswer = write(node, recent);
      assertThatThrownBy(oldAnswer::join)
          .hasCauseInstanceOf(IndeterminateOperationStateException.class);
      assertThatThrownBy(recentAnswer::join)
          .hasCauseInstanceOf(IndeterminateOperationStateException.class);
      // The sender may hear of the outcome a moment before the tap does.
      await().until(() -> shown.size() == 1);

      release.countDown();
      assertThat(write(node, old).join().status()).isEqualTo(AppendOutcome.Status.APPENDED);
      await().until(() -> shown.size() == 2);
      assertThat(write(node, recent).join().status()).isEqualTo(AppendOutcome.Status.APPENDED);
      await().until(() -> shown.size() == 3);
      assertThat(shown)
          .extracting(samples -> samples.times()[0])
          .containsExactly(NOW + 1000, NOW - TimeUnit.DAYS.toMillis(300), NOW + 1000);
      assertThat(shown)
          .extracting(samples -> samples.isUnchanged(0))
          .containsExactly(false, false, true);
    } finally {
      release.countDown();
    }
  }
}
