package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.impl.HeapData;
import com.hazelcast.map.impl.recordstore.RecordStore;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The events in memory of the partitions that this member owns: with a database those not committed
 * yet, without one all there are. Safe for use by many threads.
 */
public final class LocalEvents extends LocalMap {

  /**
   * One entry as it was found.
   *
   * @param receivedMs when its events came
   * @param queued whether the write-behind queue holds it too
   */
  record Entry(JournalKey key, long receivedMs, Data value, boolean queued) {}

  /**
   * An entry's place and size.
   *
   * @param receivedMs when its events came
   * @param bytes roughly what it takes
   */
  public record Extent(JournalKey key, long receivedMs, int bytes) {}

  /** The events of a member. */
  public LocalEvents(HazelcastInstance instance) {
    super(instance, GridNames.EVENTS);
  }

  /** Returns how many partitions there are. */
  public int shards() {
    return partitions();
  }

  /** Tells whether this member owns a partition. */
  public boolean owns(int partition) {
    return isOwned(partition);
  }

  /** Returns the bytes of all events in memory here, without copies of other members'. */
  public long bytes() {
    return ownedBytes();
  }

  /** Returns the events of a partition; empty when this member does not own it. */
  public Optional<List<EventBatch>> read(int partition) {
    if (!isOwned(partition)) {
      return Optional.empty();
    }
    // On the partition's thread only references are taken.
    Optional<List<Data>> values =
        onPartition(
            partition,
            () ->
                isOwned(partition)
                    ? Optional.of(records(partition).map(LocalEvents::values).orElse(List.of()))
                    : Optional.empty());
    return values.map(
        found -> found.stream().map(data -> serialization().<EventBatch>toObject(data)).toList());
  }

  /** Returns the events of a partition, on whose thread it is called. */
  public List<EventBatch> readHere(int partition) {
    return records(partition).map(LocalEvents::values).orElse(List.of()).stream()
        .map(data -> serialization().<EventBatch>toObject(data))
        .toList();
  }

  private static List<Data> values(RecordStore<?> records) {
    List<Data> values = new ArrayList<>(records.size());
    records.forEach((key, record) -> values.add((Data) record.getValue()), false);
    return values;
  }

  /** Lists the entries of a partition; none when it is not owned here. */
  List<Entry> scan(int partition) {
    return readOwned(partition, this::list).orElse(List.of());
  }

  private List<Entry> list(RecordStore<?> records) {
    List<Entry> entries = new ArrayList<>(records.size());
    records.forEach(
        (key, record) -> {
          Data value = serialization().toData(record.getValue());
          long received = EvictCommitted.sequence(serialization(), value);
          entries.add(
              new Entry(serialization().toObject(key), received, value, isQueued(records, key)));
        },
        false);
    return entries;
  }

  /** Lists how old and large the entries of a partition are; none when it is not owned here. */
  public List<Extent> extents(int partition) {
    return scan(partition).stream()
        .map(entry ->
            new Extent(
                entry.key(),
                entry.receivedMs(),
                entry.value().totalSize() + HeapData.HEAP_DATA_OVERHEAD))
        .toList();
  }

  EventBatch batch(Entry entry) {
    return serialization().toObject(entry.value());
  }

  /**
   * Returns the lowest number of an epoch's entries in a partition, {@link Integer#MAX_VALUE} when
   * it has none. To be called on the thread of the partition.
   */
  public int lowestHere(int partition, int epoch) {
    int[] lowest = {Integer.MAX_VALUE};
    records(partition)
        .ifPresent(store ->
            store.forEach(
                (key, record) -> {
                  JournalKey found = serialization().toObject(key);
                  if (found.epoch() == epoch) {
                    lowest[0] = Math.min(lowest[0], found.counter());
                  }
                },
                false));
    return lowest[0];
  }

  /** Evicts entries wherever they are owned by now, without waiting for it. */
  public void evict(Collection<JournalKey> keys) {
    evictAll(keys);
  }
}
