package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.jet.impl.util.Util;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.MapServiceContext;
import com.hazelcast.map.impl.record.Record;
import com.hazelcast.map.impl.recordstore.RecordStore;
import com.hazelcast.spi.impl.NodeEngine;
import io.tidegrid.grid.GridNames;
import java.util.Optional;

/**
 * All copies of shards that this member holds, its own and the backups of others', as they lie in
 * Hazelcast's storage: whoever wrote last, and however the copy came here. Safe for use by many
 * threads; the storage is a concurrent map.
 */
final class LocalReplicas {

  private final MapServiceContext maps;
  private final Data[] keys;

  LocalReplicas(HazelcastInstance hazelcast, int[] keys) {
    NodeEngine engine = Util.getNodeEngine(hazelcast);
    MapService service = engine.getService(MapService.SERVICE_NAME);
    this.maps = service.getMapServiceContext();
    this.keys = new Data[keys.length];
    for (int shard = 0; shard < keys.length; shard++) {
      this.keys[shard] = engine.getSerializationService().toData(keys[shard]);
    }
  }

  int shards() {
    return keys.length;
  }

  /** Returns this member's copy of a shard, if it has one. */
  Optional<Shard> find(int number) {
    RecordStore<?> store = maps.getExistingRecordStore(number, GridNames.SHARDS);
    Record<?> found = store == null ? null : store.getRecord(keys[number]);
    return found != null && found.getValue() instanceof Shard shard
        ? Optional.of(shard)
        : Optional.empty();
  }

  /** Sums up all copies. */
  ShardSize size() {
    ShardSize size = new ShardSize();
    for (int number = 0; number < keys.length; number++) {
      find(number).ifPresent(shard -> shard.addTo(size));
    }
    return size;
  }
}
