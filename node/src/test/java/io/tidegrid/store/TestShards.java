package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegrid.grid.Birth;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;

/** What tests do to the shards of a {@link TestGrid}. */
final class TestShards {

  private TestShards() {}

  /** Returns a series that lies in the given shard; another one for each number. */
  static SeriesKey series(int shard, int shards, int number) {
    int left = number;
    for (int i = 0; ; i++) {
      SeriesKey key = SeriesKey.of("a", Labels.of("__name__", "m", "i", Integer.toString(i)));
      if (key.shard(shards) == shard && left-- == 0) {
        return key;
      }
    }
  }

  /** Returns samples of one series as one that is not known yet. */
  static ShardBatch batch(SeriesKey key, boolean old, long[] times, double[] values) {
    long[] ids = new long[times.length];
    Arrays.fill(ids, key.id());
    return new ShardBatch(
        0,
        old,
        times.length,
        ids,
        times,
        values,
        new int[times.length],
        List.of(new Birth(key.id(), key.tenant(), key.labels())));
  }

  /** Returns one sample for each time, with the time's own bits for a value. */
  static ShardBatch batch(SeriesKey key, boolean old, long... times) {
    return batch(key, old, times, Arrays.stream(times).mapToDouble(time -> time).toArray());
  }

  /** Appends and returns the sequence; sends it again when it is not known what became of it. */
  static long append(TestGrid.Node node, int shard, ShardBatch batch) {
    for (int attempt = 0; ; attempt++) {
      try {
        AppendOutcome outcome = node.store().append(shard, batch).toCompletableFuture().join();
        assertThat(outcome.status()).isEqualTo(AppendOutcome.Status.APPENDED);
        return (long) outcome.epoch() << 32 | outcome.counter();
      } catch (CompletionException e) {
        if (attempt == 20) {
          throw e;
        }
      }
    }
  }

  /** Says of all shards that the database has nothing of them, as a first start does. */
  static void restored(int shards, long fromMs, TestGrid.Node... nodes) {
    awaitOwners(shards, nodes);
    for (TestGrid.Node node : nodes) {
      for (int shard : owned(node)) {
        node.store().directoryRestored(shard);
        node.store().restoredFrom(shard, fromMs);
      }
    }
  }

  static void awaitOwners(int shards, TestGrid.Node... nodes) {
    // Partitions have no owners before something is asked of one.
    assertThat(nodes[0].hazelcast().getMap("any").size()).isZero();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> List.of(nodes).stream().mapToInt(node -> owned(node).size()).sum() == shards);
  }

  static List<Integer> owned(TestGrid.Node node) {
    List<Integer> owned = new ArrayList<>();
    for (int shard = 0; shard < node.store().shards(); shard++) {
      try {
        owned.add(node.store().reader().read(shard, ShardView::shard));
      } catch (ShardMovedException e) {
        // Another's.
      }
    }
    return owned;
  }

  /** Returns this member's copy of a shard, its own or a backup. */
  static Shard copy(TestGrid.Node node, int shard) {
    return new LocalReplicas(node.hazelcast(), ShardKeys.of(node.hazelcast()))
        .find(shard)
        .orElseThrow();
  }

  /** Returns that member of these that owns the shard. */
  static TestGrid.Node ownerOf(int shard, TestGrid.Node... nodes) {
    return await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> List.of(nodes).stream().filter(node -> owned(node).contains(shard)).findFirst(),
            java.util.Optional::isPresent)
        .orElseThrow();
  }
}
