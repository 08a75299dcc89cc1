package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.recordstore.RecordStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The part of a map of alerts in the partitions that this member owns. */
final class LocalAlerts<K, V> extends LocalMap {

  private final String name;

  /**
   * One entry as it was found.
   *
   * @param queued whether the write-behind queue holds it too
   */
  record Entry<K, V>(K key, V value, boolean queued) {}

  LocalAlerts(HazelcastInstance instance, String name) {
    super(instance, name);
    this.name = name;
  }

  /** Lists the entries of a partition; none when it is not owned here. */
  List<Entry<K, V>> scan(int partition) {
    if (!isOwned(partition) || records(partition).map(RecordStore::size).orElse(0) == 0) {
      return List.of();
    }
    return onPartition(
            partition,
            () ->
                isOwned(partition)
                    ? records(partition).map(this::list)
                    : Optional.<List<Entry<K, V>>>empty())
        .orElse(List.of());
  }

  private List<Entry<K, V>> list(RecordStore<?> records) {
    List<Entry<K, V>> entries = new ArrayList<>(records.size());
    records.forEach(
        (key, record) ->
            entries.add(
                new Entry<>(
                    serialization().toObject(key),
                    serialization().toObject(record.getValue()),
                    isQueued(records, key))),
        false);
    return entries;
  }

  /** Evicts entries that still have the given revisions, wherever they are owned by now. */
  void evict(Map<K, Long> revisions) {
    Map<Integer, List<K>> byPartition = new HashMap<>();
    for (K key : revisions.keySet()) {
      Data data = serialization().toData(key);
      int partition = engine().getPartitionService().getPartitionId(data);
      byPartition.computeIfAbsent(partition, p -> new ArrayList<>()).add(key);
    }
    byPartition.forEach((partition, keys) -> {
      List<Data> list = new ArrayList<>(keys.size());
      keys.forEach(key -> list.add(serialization().toData(key)));
      long[] sequences = keys.stream().mapToLong(revisions::get).toArray();
      var future =
          engine()
              .getOperationService()
              .invokeOnPartitionAsync(
                  MapService.SERVICE_NAME, new EvictCommitted(name, list, sequences), partition);
      // What is not evicted for want of an owner is found by the next sweep.
      var ignored = future.exceptionally(e -> null);
    });
  }
}
