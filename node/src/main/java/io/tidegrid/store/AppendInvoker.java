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
import com.hazelcast.spi.impl.InternalCompletableFuture;
import com.hazelcast.spi.impl.NodeEngine;
import io.tidegrid.grid.GridNames;
import java.util.concurrent.CompletionStage;

/**
 * Runs an entry processor on a shard as {@code IMap.submitToKey} does, without its hop to the
 * common pool before the caller hears of the result: at thousands of appends a second waking that
 * pool's threads took more CPU than appending.
 */
final class AppendInvoker {

  private final NodeEngine engine;
  private final SerializationService serialization;
  private final MapOperationProvider operations;
  private final Data[] keys;

  AppendInvoker(HazelcastInstance hazelcast, LocalShards local) {
    this.engine = Util.getNodeEngine(hazelcast);
    this.serialization = engine.getSerializationService();
    MapService maps = engine.getService(MapService.SERVICE_NAME);
    this.operations = maps.getMapServiceContext().getMapOperationProvider(GridNames.SHARDS);
    this.keys = new Data[local.shards()];
    for (int shard = 0; shard < keys.length; shard++) {
      keys[shard] = serialization.toData(local.key(shard));
    }
  }

  CompletionStage<AppendOutcome> invoke(int shard, ShardBatch batch) {
    MapOperation operation =
        operations.createEntryOperation(
            GridNames.SHARDS, keys[shard], new AppendProcessor(shard, batch));
    operation.setThreadId(ThreadUtil.getThreadId());
    InternalCompletableFuture<Data> answer =
        engine
            .getOperationService()
            .createInvocationBuilder(MapService.SERVICE_NAME, operation, shard)
            .setResultDeserialized(false)
            .setFailOnIndeterminateOperationState(true)
            .setAsync()
            .invoke();
    return answer.thenApplyAsync(
        serialization::<AppendOutcome>toObject, ConcurrencyUtil.CALLER_RUNS);
  }
}
