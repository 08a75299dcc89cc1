package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.MapLoaderLifecycleSupport;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.util.Map;
import java.util.Properties;

/** What Hazelcast's write-behind queue of the journal calls. */
final class JournalMapStore extends ClosableMapStore<JournalKey, JournalBatch>
    implements MapLoaderLifecycleSupport {

  private final JournalStore store;

  JournalMapStore(JournalStore store) {
    super("batches");
    this.store = store;
  }

  /** Batches may come before the node is told of its instance. */
  @Override
  public void init(HazelcastInstance instance, Properties properties, String mapName) {
    store.shards(instance.getPartitionService().getPartitions().size());
  }

  @Override
  public void destroy() {}

  @Override
  boolean isClosing() {
    return store.isClosing();
  }

  @Override
  void commit(Map<JournalKey, JournalBatch> map) {
    store.storeAll(map);
  }
}
