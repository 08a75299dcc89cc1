package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.SerializationService;
import com.hazelcast.internal.util.ConcurrencyUtil;
import com.hazelcast.internal.util.ThreadUtil;
import com.hazelcast.jet.impl.util.Util;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.operation.MapOperation;
import com.hazelcast.map.impl.operation.MapOperationProvider;
import com.hazelcast.spi.exception.RetryableHazelcastException;
import com.hazelcast.spi.impl.InternalCompletableFuture;
import com.hazelcast.spi.impl.NodeEngine;
import com.hazelcast.spi.impl.operationservice.InvocationBuilder;
import com.hazelcast.spi.impl.operationservice.Operation;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.live.SampleTap;
import java.util.concurrent.CompletionStage;

/**
 * Invokes the operations of a write as {@code IMap.submitToKey} and {@code IMap.setAsync} would,
 * without their hop to the common pool before the caller hears of the result: at thousands of
 * writes a second waking that pool's threads took more CPU than appending. Safe for use by many
 * threads.
 */
final class ShardWrites {

  private static final String CONTEXT_KEY = ShardWrites.class.getName();
  private static final long FOR_EVER = -1;

  private final NodeEngine engine;
  private final SerializationService serialization;
  private final MapOperationProvider shards;
  private final MapOperationProvider journal;
  private final LocalShards local;
  private final Data[] keys;

  private ShardWrites(HazelcastInstance hazelcast, LocalShards local) {
    // Makes the map's configuration known to this member's map service.
    var _ = hazelcast.getMap(GridNames.JOURNAL);
    this.local = local;
    this.engine = Util.getNodeEngine(hazelcast);
    this.serialization = engine.getSerializationService();
    MapService maps = engine.getService(MapService.SERVICE_NAME);
    this.shards = maps.getMapServiceContext().getMapOperationProvider(GridNames.SHARDS);
    this.journal = maps.getMapServiceContext().getMapOperationProvider(GridNames.JOURNAL);
    this.keys = new Data[local.shards()];
    for (int shard = 0; shard < keys.length; shard++) {
      keys[shard] = serialization.toData(local.key(shard));
    }
  }

  static ShardWrites install(HazelcastInstance hazelcast, LocalShards local) {
    ShardWrites writes = new ShardWrites(hazelcast, local);
    hazelcast.getUserContext().put(CONTEXT_KEY, writes);
    return writes;
  }

  static ShardWrites of(HazelcastInstance hazelcast) {
    if (hazelcast.getUserContext().get(CONTEXT_KEY) instanceof ShardWrites writes) {
      return writes;
    }
    throw new RetryableHazelcastException("this member does not hold shards yet");
  }

  /** Returns where to show what this member's shards take. */
  SampleTap tap() {
    return local.tap();
  }

  /** Sends a batch into its shard only. */
  CompletionStage<AppendOutcome> append(int shard, ShardBatch batch) {
    return outcome(
        invocation(appendOperation(shard, new AppendProcessor(shard, batch)), shard)
            .setAsync()
            .invoke());
  }

  /** Sends a batch into its shard and its journal. */
  CompletionStage<AppendOutcome> write(int shard, ShardBatch batch) {
    return outcome(invocation(new WriteOperation(batch), shard).setAsync().invoke());
  }

  private CompletionStage<AppendOutcome> outcome(InternalCompletableFuture<Object> answer) {
    return answer.thenApplyAsync(
        serialization::<AppendOutcome>toObject, ConcurrencyUtil.CALLER_RUNS);
  }

  /** Appends on this thread, which must be the shard's; completes when the backups have it too. */
  InternalCompletableFuture<Object> appendHere(int shard, AppendProcessor processor) {
    return invocation(appendOperation(shard, processor), shard).setTryCount(1).invoke();
  }

  /** Puts an entry on this thread, which must be the shard's; completes as {@link #appendHere}. */
  InternalCompletableFuture<Object> journalHere(
      int shard, int epoch, int counter, JournalBatch batch) {
    MapOperation operation =
        journal.createSetOperation(
            GridNames.JOURNAL,
            serialization.toData(new JournalKey(shard, local.key(shard), epoch, counter)),
            serialization.toData(batch),
            FOR_EVER,
            FOR_EVER);
    operation.setThreadId(ThreadUtil.getThreadId());
    return invocation(operation, shard).setTryCount(1).invoke();
  }

  private MapOperation appendOperation(int shard, AppendProcessor processor) {
    MapOperation operation = shards.createEntryOperation(GridNames.SHARDS, keys[shard], processor);
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
