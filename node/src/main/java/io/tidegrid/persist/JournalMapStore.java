package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.MapLoaderLifecycleSupport;
import com.hazelcast.map.MapStore;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.TidegridException;
import java.util.Collection;
import java.util.Map;
import java.util.Properties;

/**
 * What Hazelcast's write-behind queue of the journal calls. It only prompts: that a batch is stored
 * is known when it is evicted from the map. Loading finds nothing, for the journal holds what is
 * not in the database; deleting is what happens after a commit and deletes nothing there.
 */
final class JournalMapStore
    implements MapStore<JournalKey, JournalBatch>, MapLoaderLifecycleSupport {

  private static final System.Logger LOG = System.getLogger(JournalMapStore.class.getName());

  private final JournalStore store;

  JournalMapStore(JournalStore store) {
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
  public void store(JournalKey key, JournalBatch value) {
    storeAll(Map.of(key, value));
  }

  @Override
  public void storeAll(Map<JournalKey, JournalBatch> map) {
    if (!store.isClosing()) {
      try {
        store.storeAll(map);
        return;
      } catch (TidegridException e) {
        if (!store.isClosing()) {
          throw e;
        }
      }
    }
    // Throwing would hold up the leaving member for three seconds an entry. Returning loses nothing
    // more: the entries stay in the map, and the members that have them then will sweep them.
    LOG.log(System.Logger.Level.WARNING, "leaving with {0} batches not stored", map.size());
  }

  @Override
  public void delete(JournalKey key) {}

  @Override
  public void deleteAll(Collection<JournalKey> keys) {}

  /** Null, by Hazelcast's contract, means that there is none. */
  @Override
  public JournalBatch load(JournalKey key) {
    return null;
  }

  @Override
  public Map<JournalKey, JournalBatch> loadAll(Collection<JournalKey> keys) {
    return Map.of();
  }

  /** Null, by Hazelcast's contract, means that nothing is loaded ahead. */
  @Override
  public Iterable<JournalKey> loadAllKeys() {
    return null;
  }
}
