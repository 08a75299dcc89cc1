package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.MapLoaderLifecycleSupport;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import java.util.Map;
import java.util.Properties;

/**
 * What Hazelcast's write-behind queue of rollups calls. Never throws: what was not stored is
 * computed again.
 */
final class RollupMapStore extends WriteOnlyMapStore<RollupKey, RollupBlock>
    implements MapLoaderLifecycleSupport {

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
  public void storeAll(Map<RollupKey, RollupBlock> map) {
    store.storeAll(map);
  }
}
