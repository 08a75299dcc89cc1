package io.tidegrid.ingest;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.SerializationService;
import com.hazelcast.internal.util.ThreadUtil;
import com.hazelcast.jet.impl.util.Util;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.operation.MapOperation;
import com.hazelcast.map.impl.operation.MapOperationProvider;
import com.hazelcast.spi.impl.NodeEngine;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.util.concurrent.CompletionStage;

/**
 * Puts entries into the journal as {@code IMap.setAsync} does, without its hop to the common pool
 * before the caller hears of the result, and on threads of the grid.
 */
final class JournalInvoker {

  private static final long FOR_EVER = -1;

  private final NodeEngine engine;
  private final SerializationService serialization;
  private final MapOperationProvider operations;

  JournalInvoker(HazelcastInstance hazelcast) {
    // Makes the map's configuration known to this member's map service.
    var _ = hazelcast.getMap(GridNames.JOURNAL);
    this.engine = Util.getNodeEngine(hazelcast);
    this.serialization = engine.getSerializationService();
    MapService maps = engine.getService(MapService.SERVICE_NAME);
    this.operations = maps.getMapServiceContext().getMapOperationProvider(GridNames.JOURNAL);
  }

  /**
   * Puts an entry. The stage completes when the owner and its synchronous backups have it, or
   * exceptionally when that is not known; then the same may be put again.
   */
  CompletionStage<Object> put(JournalKey key, JournalBatch batch) {
    Data keyData = serialization.toData(key);
    MapOperation operation =
        operations.createSetOperation(
            GridNames.JOURNAL, keyData, serialization.toData(batch), FOR_EVER, FOR_EVER);
    operation.setThreadId(ThreadUtil.getThreadId());
    return engine
        .getOperationService()
        .createInvocationBuilder(MapService.SERVICE_NAME, operation, key.shard())
        .setResultDeserialized(false)
        .setFailOnIndeterminateOperationState(true)
        .setAsync()
        .invoke();
  }
}
