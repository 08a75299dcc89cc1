package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.MapLoaderLifecycleSupport;
import com.hazelcast.map.MapStore;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import java.util.Collection;
import java.util.Map;
import java.util.Properties;

/**
 * What Hazelcast's write-behind queue of rollups calls. Never throws: what was not stored is
 * computed again. Loading finds nothing, for the map holds what is not in the database; deleting is
 * what happens after a commit and deletes nothing there.
 */
final class RollupMapStore implements MapStore<RollupKey, RollupBlock>, MapLoaderLifecycleSupport {

  private final RollupStore store;

  RollupMapStore(RollupStore store) {
    this.store = store;
  }

  /** Entries may come before the node is told of its instance. */
  @Override
  public void init(HazelcastInstance instance, Properties properties, String mapName) {
    store.shards(instance.getPartitionService().getPartitions().size());
  }

  @Override
  public void destroy() {}

  @Override
  public void store(RollupKey key, RollupBlock value) {
    store.storeAll(Map.of(key, value));
  }

  @Override
  public void storeAll(Map<RollupKey, RollupBlock> map) {
    store.storeAll(map);
  }

  @Override
  public void delete(RollupKey key) {}

  @Override
  public void deleteAll(Collection<RollupKey> keys) {}

  /** Null, by Hazelcast's contract, means that there is none. */
  @Override
  public RollupBlock load(RollupKey key) {
    return null;
  }

  @Override
  public Map<RollupKey, RollupBlock> loadAll(Collection<RollupKey> keys) {
    return Map.of();
  }

  /** Null, by Hazelcast's contract, means that nothing is loaded ahead. */
  @Override
  public Iterable<RollupKey> loadAllKeys() {
    return null;
  }
}
