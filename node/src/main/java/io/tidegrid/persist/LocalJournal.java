package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.nio.BufferObjectDataInput;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.jet.impl.util.Util;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.MapServiceContext;
import com.hazelcast.map.impl.mapstore.writebehind.WriteBehindStore;
import com.hazelcast.map.impl.mapstore.writebehind.entry.DelayedEntries;
import com.hazelcast.map.impl.recordstore.RecordStore;
import com.hazelcast.spi.impl.NodeEngine;
import com.hazelcast.spi.impl.operationservice.impl.OperationServiceImpl;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * The part of the journal map in the partitions that this member owns, seen from inside Hazelcast,
 * since the map's public interface offers neither its size in bytes, nor its entries without
 * deserializing them, nor eviction of many keys at once. Safe for use by many threads.
 */
final class LocalJournal {

  /** Identified flag, factory id, class id, flags: what precedes the count in a batch. */
  private static final int BYTES_BEFORE_SIZE = 1 + 4 + 4 + 1;

  private static final long SCAN_TIMEOUT_SECONDS = 30;

  private final NodeEngine engine;
  private final MapServiceContext maps;
  private final InternalSerializationService serialization;

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
    this.engine = Util.getNodeEngine(instance);
    MapService service = engine.getService(MapService.SERVICE_NAME);
    this.maps = service.getMapServiceContext();
    this.serialization = (InternalSerializationService) engine.getSerializationService();
  }

  int partitions() {
    return engine.getPartitionService().getPartitionCount();
  }

  boolean isOwned(int partition) {
    return engine.getPartitionService().getPartition(partition, false).isLocal();
  }

  private Optional<RecordStore<?>> records(int partition) {
    return Optional.ofNullable(maps.getExistingRecordStore(partition, GridNames.JOURNAL));
  }

  /** Returns the bytes of the entries in owned partitions. One volatile read a partition. */
  long ownedBytes() {
    long bytes = 0;
    for (int partition = 0; partition < partitions(); partition++) {
      if (isOwned(partition)) {
        bytes += records(partition).map(RecordStore::getOwnedEntryCost).orElse(0L);
      }
    }
    return bytes;
  }

  /** Tells whether the owned partitions hold no entry. */
  boolean isEmpty() {
    for (int partition = 0; partition < partitions(); partition++) {
      if (isOwned(partition) && records(partition).map(RecordStore::size).orElse(0) > 0) {
        return false;
      }
    }
    return true;
  }

  /** Returns a number that changes whenever replicas of the partition move. */
  int version(int partition) {
    return engine.getPartitionService().getPartition(partition, false).version();
  }

  /** Lists the entries of a partition, on its own thread; empty when it is not owned here. */
  Optional<Partition> scan(int partition) {
    if (!isOwned(partition) || records(partition).map(RecordStore::size).orElse(0) == 0) {
      return Optional.empty();
    }
    return onPartition(
        partition,
        () ->
            isOwned(partition)
                ? records(partition).map(records -> list(partition, records))
                : Optional.empty());
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
              JournalKey found = serialization.toObject(key);
              if (Long.compareUnsigned(found.sequence(), lowest[0]) < 0) {
                lowest[0] = found.sequence();
              }
            },
            false));
    return lowest[0];
  }

  /** Runs work on the thread of a partition; empty when the wait for it is interrupted. */
  private <T> Optional<T> onPartition(int partition, Supplier<Optional<T>> work) {
    CompletableFuture<Optional<T>> result = new CompletableFuture<>();
    ((OperationServiceImpl) engine.getOperationService())
        .execute(
            new com.hazelcast.spi.impl.PartitionSpecificRunnable() {
              @Override
              public int getPartitionId() {
                return partition;
              }

              @Override
              public void run() {
                try {
                  result.complete(work.get());
                } catch (RuntimeException e) {
                  result.completeExceptionally(e);
                }
              }
            });
    try {
      return result.get(SCAN_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "the journal's partition " + partition + " gave no answer", e);
    }
  }

  private Partition list(int partition, RecordStore<?> records) {
    List<Entry> entries = new ArrayList<>(records.size());
    long[] samples = new long[1];
    Optional<WriteBehindStore> queue =
        records.getMapDataStore() instanceof WriteBehindStore store
            ? Optional.of(store)
            : Optional.empty();
    records.forEach(
        (key, record) -> {
          Data value = serialization.toData(record.getValue());
          boolean queued =
              queue.isPresent()
                  && queue.get().getWriteBehindQueue().contains(DelayedEntries.newNullEntry(key));
          entries.add(new Entry(serialization.toObject(key), value, queued));
          samples[0] += sampleCount(value);
        },
        false);
    return new Partition(partition, entries, samples[0]);
  }

  /** Reads the count out of a batch without building it. */
  private int sampleCount(Data value) {
    try {
      BufferObjectDataInput in = serialization.createObjectDataInput(value);
      in.position(in.position() + BYTES_BEFORE_SIZE);
      return in.readInt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JournalBatch batch(Entry entry) {
    return serialization.toObject(entry.value());
  }

  /** Evicts entries wherever they are owned by now, without waiting for it. */
  void evict(Collection<JournalKey> keys) {
    Map<Integer, List<Data>> byPartition = new HashMap<>();
    for (JournalKey key : keys) {
      Data data = serialization.toData(key);
      int partition = engine.getPartitionService().getPartitionId(data);
      byPartition.computeIfAbsent(partition, p -> new ArrayList<>()).add(data);
    }
    byPartition.forEach((partition, list) -> {
      var future =
          engine
              .getOperationService()
              .invokeOnPartitionAsync(MapService.SERVICE_NAME, new EvictCommitted(list), partition);
      // What is not evicted for want of an owner is found by the next sweep.
      var ignored = future.exceptionally(e -> null);
    });
  }
}
