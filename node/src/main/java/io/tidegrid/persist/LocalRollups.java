package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.impl.recordstore.RecordStore;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The part of the rollups on their way in the partitions that this member owns. */
final class LocalRollups extends LocalMap {

  /**
   * One entry as it was found.
   *
   * @param queued whether the write-behind queue holds it too
   */
  record Entry(RollupKey key, long sequence, boolean queued) {}

  LocalRollups(HazelcastInstance instance) {
    super(instance, GridNames.ROLLUPS);
  }

  /** Lists the entries of a partition, on its own thread; none when it is not owned here. */
  List<Entry> scan(int partition) {
    return readOwned(partition, this::list).orElse(List.of());
  }

  private List<Entry> list(RecordStore<?> records) {
    List<Entry> entries = new ArrayList<>(records.size());
    records.forEach(
        (key, record) ->
            entries.add(
                new Entry(
                    serialization().toObject(key),
                    EvictCommitted.sequence(serialization(), record.getValue()),
                    isQueued(records, key))),
        false);
    return entries;
  }

  /** Evicts entries, unless they were replaced, wherever they are owned by now. */
  void evict(Map<RollupKey, RollupBlock> entries) {
    Map<RollupKey, Long> sequences = new HashMap<>();
    entries.forEach((key, block) -> sequences.put(key, block.sequence()));
    evictAt(sequences);
  }

  /** The same, by the sequences of the entries. */
  void evictAt(Map<RollupKey, Long> entries) {
    evict(entries.keySet(), keys -> keys.stream().mapToLong(entries::get).toArray());
  }
}
