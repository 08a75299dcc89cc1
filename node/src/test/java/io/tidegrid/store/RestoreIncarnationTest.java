package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegrid.grid.Birth;
import io.tidegrid.model.SeriesKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What was begun for a shard is not ended on another that took its place. */
class RestoreIncarnationTest {

  private static final int SHARDS = 4;
  private static final long START = BlockSpan.startOf(1_790_000_000_000L);

  @Test
  void aShardThatBeganAnewIsNotWholeByWhatItsPredecessorWasGiven() {
    StoreOptions options =
        new StoreOptions(SHARDS, 0, Duration.ofDays(3), Duration.ofMinutes(10), true, 0);
    try (TestGrid grid =
        new TestGrid(options, () -> Instant.ofEpochMilli(START + BlockSpan.LENGTH_MS))) {
      TestGrid.Node first = grid.start();
      TestShards.awaitOwners(SHARDS, first);
      assertThat(first.store().shardsToRestore()).hasSize(SHARDS);
      for (int shard = 0; shard < SHARDS; shard++) {
        give(first, shard);
      }
      // Half of the shards move, and are lost there. The restore goes on at the first member.
      TestGrid.Node second = grid.start();
      await().atMost(Duration.ofSeconds(30)).until(() -> TestShards.owned(second).size() == 2);
      grid.awaitSafe();
      List<Integer> lost = TestShards.owned(second);
      lost.forEach(shard -> first.store().directoryRestored(shard));
      second.hazelcast().getLifecycleService().terminate();
      await().atMost(Duration.ofSeconds(30)).until(() -> TestShards.owned(first).size() == SHARDS);
      for (int shard = 0; shard < SHARDS; shard++) {
        int number = shard;
        if (lost.contains(shard)) {
          assertThatThrownBy(() -> give(first, number)).isInstanceOf(ShardMovedException.class);
          assertThatThrownBy(() -> first.store().directoryRestored(number))
              .isInstanceOf(ShardMovedException.class);
          assertThatThrownBy(() -> first.store().restoredFrom(number, START))
              .isInstanceOf(ShardMovedException.class);
          assertThat((boolean) first.store().reader().read(shard, ShardView::directoryWhole))
              .isFalse();
          assertThat((long) first.store().reader().read(shard, ShardView::wholeFromMs))
              .isGreaterThan(START + BlockSpan.LENGTH_MS);
        } else {
          first.store().directoryRestored(shard);
          first.store().restoredFrom(shard, START);
        }
      }
      // Begun once more, it comes to its end.
      assertThat(first.store().shardsToRestore()).containsExactlyInAnyOrderElementsOf(lost);
      for (int shard : lost) {
        give(first, shard);
        first.store().directoryRestored(shard);
        first.store().restoredFrom(shard, START);
        assertThat((long) first.store().reader().read(shard, ShardView::wholeFromMs))
            .isEqualTo(START);
      }
      assertThat(first.store().shardsToRestore()).isEmpty();
    }
  }

  private static void give(TestGrid.Node node, int shard) {
    SeriesKey key = TestShards.series(shard, SHARDS, 0);
    node.store().restoreSeries(shard, List.of(new Birth(key.id(), key.tenant(), key.labels())));
    node.store()
        .restoreSamples(shard, new long[] {key.id()}, new long[] {START}, new double[] {1}, 1);
  }
}
