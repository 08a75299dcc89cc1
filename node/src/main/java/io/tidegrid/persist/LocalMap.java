package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
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
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The part of a map with a write-behind queue in the partitions that this member owns, seen from
 * inside Hazelcast, since the map's public interface offers neither its size in bytes, nor its
 * entries without deserializing them, nor eviction of many keys at once. Safe for use by many
 * threads.
 */
class LocalMap {

  private static final long SCAN_TIMEOUT_SECONDS = 30;

  private static final long[] ANY = {};

  /** Keys of one partition, as they are and serialized. */
  private record Keys<K>(List<K> keys, List<Data> data) {
    void add(K key, Data serialized) {
      keys.add(key);
      data.add(serialized);
    }
  }

  private final String name;
  private final NodeEngine engine;
  private final MapServiceContext maps;
  private final InternalSerializationService serialization;

  LocalMap(HazelcastInstance instance, String name) {
    this.name = name;
    this.engine = Util.getNodeEngine(instance);
    MapService service = engine.getService(MapService.SERVICE_NAME);
    this.maps = service.getMapServiceContext();
    this.serialization = (InternalSerializationService) engine.getSerializationService();
  }

  final NodeEngine engine() {
    return engine;
  }

  final InternalSerializationService serialization() {
    return serialization;
  }

  final int partitions() {
    return engine.getPartitionService().getPartitionCount();
  }

  final boolean isOwned(int partition) {
    return engine.getPartitionService().getPartition(partition, false).isLocal();
  }

  final Optional<RecordStore<?>> records(int partition) {
    return Optional.ofNullable(maps.getExistingRecordStore(partition, name));
  }

  /** Returns the bytes of the entries in owned partitions. One volatile read a partition. */
  final long ownedBytes() {
    long bytes = 0;
    for (int partition = 0; partition < partitions(); partition++) {
      if (isOwned(partition)) {
        bytes += records(partition).map(RecordStore::getOwnedEntryCost).orElse(0L);
      }
    }
    return bytes;
  }

  /** Tells whether the owned partitions hold no entry. */
  final boolean isEmpty() {
    for (int partition = 0; partition < partitions(); partition++) {
      if (isOwned(partition) && records(partition).map(RecordStore::size).orElse(0) > 0) {
        return false;
      }
    }
    return true;
  }

  /** Tells whether a partition's write-behind queue holds a key; asked on its thread. */
  static boolean isQueued(RecordStore<?> records, Data key) {
    return records.getMapDataStore() instanceof WriteBehindStore store
        && store.getWriteBehindQueue().contains(DelayedEntries.newNullEntry(key));
  }

  /**
   * Reads the entries of a partition on its own thread.
   *
   * @return empty when it is not owned here or has none
   */
  final <T> Optional<T> readOwned(int partition, Function<RecordStore<?>, T> reading) {
    if (!isOwned(partition) || records(partition).map(RecordStore::size).orElse(0) == 0) {
      return Optional.empty();
    }
    return onPartition(
        partition,
        () -> isOwned(partition) ? records(partition).map(reading) : Optional.<T>empty());
  }

  /** Evicts entries, whose values never change, wherever they are owned by now. */
  final void evictAll(Collection<?> keys) {
    evict(keys, ignored -> ANY);
  }

  /**
   * Evicts entries wherever they are owned by now, without waiting for it.
   *
   * @param sequences gives, for keys of one partition, what their values begin with unless they
   *     were replaced
   */
  final <K> void evict(Collection<K> keys, Function<List<K>, long[]> sequences) {
    Map<Integer, Keys<K>> byPartition = new HashMap<>();
    for (K key : keys) {
      Data data = serialization.toData(key);
      int partition = engine.getPartitionService().getPartitionId(data);
      byPartition
          .computeIfAbsent(partition, p -> new Keys<>(new ArrayList<>(), new ArrayList<>()))
          .add(key, data);
    }
    byPartition.forEach((partition, some) -> {
      var future =
          engine
              .getOperationService()
              .invokeOnPartitionAsync(
                  MapService.SERVICE_NAME,
                  new EvictCommitted(name, some.data, sequences.apply(some.keys)),
                  partition);
      // What is not evicted for want of an owner is found by the next sweep.
      var ignored = future.exceptionally(e -> null);
    });
  }

  /** Runs work on the thread of a partition; empty when the wait for it is interrupted. */
  final <T> Optional<T> onPartition(int partition, Supplier<Optional<T>> work) {
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
          "partition " + partition + " of " + name + " gave no answer", e);
    }
  }
}
