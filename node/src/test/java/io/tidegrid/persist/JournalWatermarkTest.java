package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.map.IMap;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.store.ShardKeys;
import io.tidegrid.store.TestGrid;
import java.time.Duration;
import java.time.InstantSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class JournalWatermarkTest {

  private static JournalKey key(TestGrid.Node node, int shard, int counter) {
    return new JournalKey(shard, ShardKeys.of(node.hazelcast())[shard], 1_700_000_000, counter);
  }

  @Test
  void whatIsInTheJournalIsNotCommitted() {
    try (TestGrid grid = new TestGrid(TestGrid.memoryOnly(4), InstantSource.system())) {
      TestGrid.Node node = grid.start();
      IMap<JournalKey, JournalBatch> journal = node.hazelcast().getMap(GridNames.JOURNAL);
      JournalWatermark watermark = new JournalWatermark(new LocalJournal(node.hazelcast()));
      JournalKey third = key(node, 2, 3);
      JournalKey fifth = key(node, 2, 5);
      journal.put(third, Batches.one(0, 1, false, false));
      journal.put(fifth, Batches.one(0, 1, false, false));
      assertThat(watermark.lowestPending(2)).isEqualTo(third.sequence());
      assertThat(watermark.lowestPending(1)).isEqualTo(Long.MAX_VALUE);
      assertThat(watermark.isCommitted(1, fifth.sequence())).isTrue();
      assertThat(watermark.isCommitted(2, third.sequence() - 1)).isTrue();
      assertThat(watermark.isCommitted(2, third.sequence())).isFalse();
      journal.evict(third);
      // "Not yet" may be said a moment longer.
      Awaitility.await()
          .atMost(Duration.ofSeconds(5))
          .until(() -> watermark.isCommitted(2, fifth.sequence() - 1));
      assertThat(watermark.isCommitted(2, fifth.sequence())).isFalse();
      // What came after the last look is seen by the next question for it.
      JournalKey sixth = key(node, 1, 6);
      journal.put(sixth, Batches.one(0, 1, false, false));
      assertThat(watermark.isCommitted(1, sixth.sequence())).isFalse();
      assertThat(watermark.isCommitted(1, fifth.sequence())).isTrue();
      TestGrid.Node other = grid.start();
      grid.awaitSafe();
      JournalWatermark there = new JournalWatermark(new LocalJournal(other.hazelcast()));
      for (int shard = 0; shard < 4; shard++) {
        assertThat(watermark.lowestPending(shard) == 0)
            .as("one of them owns it and can tell")
            .isNotEqualTo(there.lowestPending(shard) == 0);
      }
    }
  }
}
