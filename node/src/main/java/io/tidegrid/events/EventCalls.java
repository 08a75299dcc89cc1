package io.tidegrid.events;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.SerializationService;
import com.hazelcast.internal.util.ConcurrencyUtil;
import com.hazelcast.internal.util.ThreadUtil;
import com.hazelcast.jet.impl.util.Util;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.operation.MapOperation;
import com.hazelcast.map.impl.operation.MapOperationProvider;
import com.hazelcast.spi.impl.InternalCompletableFuture;
import com.hazelcast.spi.impl.NodeEngine;
import com.hazelcast.spi.impl.operationservice.InvocationBuilder;
import com.hazelcast.spi.impl.operationservice.Operation;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalKey;
import java.util.concurrent.CompletableFuture;

/**
 * Invokes the operations of events without the map's hop to the common pool before the caller hears
 * of the result, and so that they fail rather than succeed without their backups. Safe for use by
 * many threads.
 */
final class EventCalls {

  private static final long FOR_EVER = -1;

  private final NodeEngine engine;
  private final SerializationService serialization;
  private final MapOperationProvider ids;
  private final MapOperationProvider events;
  private final int[] partitionKeys;
  private final Data[] keys;

  EventCalls(HazelcastInstance hazelcast, int[] partitionKeys) {
    // Makes the maps' configuration known to this member's map service.
    var _ = hazelcast.getMap(GridNames.EVENTS);
    var _ = hazelcast.getMap(GridNames.EVENT_IDS);
    this.partitionKeys = partitionKeys;
    this.engine = Util.getNodeEngine(hazelcast);
    this.serialization = engine.getSerializationService();
    MapService maps = engine.getService(MapService.SERVICE_NAME);
    this.ids = maps.getMapServiceContext().getMapOperationProvider(GridNames.EVENT_IDS);
    this.events = maps.getMapServiceContext().getMapOperationProvider(GridNames.EVENTS);
    this.keys = new Data[partitionKeys.length];
    for (int shard = 0; shard < keys.length; shard++) {
      keys[shard] = serialization.toData(partitionKeys[shard]);
    }
  }

  /** Returns the key under which a shard's ids lie. */
  Data key(int shard) {
    return keys[shard];
  }

  /** Returns the key of a batch. */
  JournalKey batchKey(int shard, int epoch, int number) {
    return new JournalKey(shard, partitionKeys[shard], epoch, number);
  }

  CompletableFuture<ReserveOutcome> reserve(int shard, ReserveProcessor processor) {
    return answer(invocation(entryOperation(shard, processor), shard));
  }

  CompletableFuture<Void> release(int shard, ReleaseProcessor processor) {
    return answer(invocation(entryOperation(shard, processor), shard));
  }

  CompletableFuture<WriteOutcome> write(int shard, ShardWrite write) {
    return answer(invocation(new EventWriteOperation(write), shard));
  }

  private <T> CompletableFuture<T> answer(InvocationBuilder builder) {
    InternalCompletableFuture<Object> result = builder.setAsync().invoke();
    return result.thenApplyAsync(serialization::<T>toObject, ConcurrencyUtil.CALLER_RUNS);
  }

  /** Puts a batch on this thread, which must be the shard's; completes when the backups have it. */
  CompletableFuture<Object> putHere(int shard, int epoch, int number, EventBatch batch) {
    MapOperation operation =
        events.createSetOperation(
            GridNames.EVENTS,
            serialization.toData(batchKey(shard, epoch, number)),
            serialization.toData(batch),
            FOR_EVER,
            FOR_EVER);
    operation.setThreadId(ThreadUtil.getThreadId());
    return invocation(operation, shard).setTryCount(1).invoke();
  }

  /** Commits on this thread, which must be the shard's; completes as {@link #putHere}. */
  CompletableFuture<Object> commitHere(int shard, CommitProcessor processor) {
    return invocation(entryOperation(shard, processor), shard).setTryCount(1).invoke();
  }

  private MapOperation entryOperation(int shard, EntryProcessor<Integer, EventIds, ?> processor) {
    MapOperation operation = ids.createEntryOperation(GridNames.EVENT_IDS, keys[shard], processor);
    operation.setThreadId(ThreadUtil.getThreadId());
    return operation;
  }

  private InvocationBuilder invocation(Operation operation, int shard) {
    return engine
        .getOperationService()
        .createInvocationBuilder(MapService.SERVICE_NAME, operation, shard)
        .setResultDeserialized(false)
        .setFailOnIndeterminateOperationState(true);
  }
}
