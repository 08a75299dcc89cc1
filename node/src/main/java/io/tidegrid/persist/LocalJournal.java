package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.nio.BufferObjectDataInput;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.map.impl.recordstore.RecordStore;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The part of the journal in the partitions that this member owns. */
final class LocalJournal extends LocalMap {

  /** Identified flag, factory id, class id, flags: what precedes the count in a batch. */
  private static final int BYTES_BEFORE_SIZE = 1 + 4 + 4 + 1;

  /**
   * One entry as it was found.
   *
   * @param queued whether the write-behind queue holds it too
   */
  record Entry(JournalKey key, Data value, boolean queued) {}

  /**
   * The entries of one owned partition.
   *
   * @param samples in all entries
   */
  record Partition(int id, List<Entry> entries, long samples) {}

  LocalJournal(HazelcastInstance instance) {
    super(instance, GridNames.JOURNAL);
  }

  /** Returns a number that changes whenever replicas of the partition move. */
  int version(int partition) {
    return engine().getPartitionService().getPartition(partition, false).version();
  }

  /** Lists the entries of a partition, on its own thread; empty when it is not owned here. */
  Optional<Partition> scan(int partition) {
    return readOwned(partition, records -> list(partition, records));
  }

  /**
   * Returns the lowest sequence in a partition, {@link Long#MAX_VALUE} when it has no entry; empty
   * when it is not owned here.
   */
  OptionalLong lowestSequence(int partition) {
    if (!isOwned(partition)) {
      return OptionalLong.empty();
    }
    if (records(partition).map(RecordStore::size).orElse(0) == 0) {
      return isOwned(partition) ? OptionalLong.of(Long.MAX_VALUE) : OptionalLong.empty();
    }
    return onPartition(
            partition,
            () ->
                isOwned(partition)
                    ? Optional.of(lowest(records(partition)))
                    : Optional.<Long>empty())
        .map(OptionalLong::of)
        .orElse(OptionalLong.empty());
  }

  private long lowest(Optional<RecordStore<?>> records) {
    long[] lowest = {Long.MAX_VALUE};
    records.ifPresent(store ->
        store.forEach(
            (key, record) -> {
              JournalKey found = serialization().toObject(key);
              if (Long.compareUnsigned(found.sequence(), lowest[0]) < 0) {
                lowest[0] = found.sequence();
              }
            },
            false));
    return lowest[0];
  }

  private Partition list(int partition, RecordStore<?> records) {
    List<Entry> entries = new ArrayList<>(records.size());
    long[] samples = new long[1];
    records.forEach(
        (key, record) -> {
          Data value = serialization().toData(record.getValue());
          entries.add(new Entry(serialization().toObject(key), value, isQueued(records, key)));
          samples[0] += sampleCount(value);
        },
        false);
    return new Partition(partition, entries, samples[0]);
  }

  /** Reads the count out of a batch without building it. */
  private int sampleCount(Data value) {
    try {
      BufferObjectDataInput in = serialization().createObjectDataInput(value);
      in.position(in.position() + BYTES_BEFORE_SIZE);
      return in.readInt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JournalBatch batch(Entry entry) {
    return serialization().toObject(entry.value());
  }

  /** Evicts entries wherever they are owned by now, without waiting for it. */
  void evict(Collection<JournalKey> keys) {
    evictAll(keys);
  }
}
