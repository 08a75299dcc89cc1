package io.tidegrid.persist;

import com.hazelcast.map.MapStore;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.TidegridException;
import java.util.Collection;
import java.util.Map;

/**
 * What Hazelcast's write-behind queue of events calls. It only prompts, as that of the journal
 * does: that a batch is stored is known when it is evicted from the map.
 */
final class EventMapStore implements MapStore<JournalKey, EventBatch> {

  private static final System.Logger LOG = System.getLogger(EventMapStore.class.getName());

  private final EventStore store;

  EventMapStore(EventStore store) {
    this.store = store;
  }

  @Override
  public void store(JournalKey key, EventBatch value) {
    storeAll(Map.of(key, value));
  }

  @Override
  public void storeAll(Map<JournalKey, EventBatch> map) {
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
    // The entries stay in the map, and the members that have them then will sweep them.
    LOG.log(System.Logger.Level.WARNING, "leaving with {0} event batches not stored", map.size());
  }

  @Override
  public void delete(JournalKey key) {}

  @Override
  public void deleteAll(Collection<JournalKey> keys) {}

  /** Null, by Hazelcast's contract, means that there is none. */
  @Override
  public EventBatch load(JournalKey key) {
    return null;
  }

  @Override
  public Map<JournalKey, EventBatch> loadAll(Collection<JournalKey> keys) {
    return Map.of();
  }

  /** Null, by Hazelcast's contract, means that nothing is loaded ahead. */
  @Override
  public Iterable<JournalKey> loadAllKeys() {
    return null;
  }
}
