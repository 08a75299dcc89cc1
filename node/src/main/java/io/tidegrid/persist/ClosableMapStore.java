package io.tidegrid.persist;

import io.tidegrid.model.TidegridException;
import java.util.Map;

/**
 * A write-behind queue's door to a store that ends with the node. It only prompts: that a batch is
 * stored is known when it is evicted from the map.
 */
abstract class ClosableMapStore<K, V> extends WriteOnlyMapStore<K, V> {

  private static final System.Logger LOG = System.getLogger(ClosableMapStore.class.getName());

  private final String batches;

  /**
   * @param batches what the batches are called
   */
  ClosableMapStore(String batches) {
    this.batches = batches;
  }

  abstract boolean isClosing();

  abstract void commit(Map<K, V> map);

  @Override
  public final void storeAll(Map<K, V> map) {
    if (!isClosing()) {
      try {
        commit(map);
        return;
      } catch (TidegridException e) {
        if (!isClosing()) {
          throw e;
        }
      }
    }
    // Throwing would hold up the leaving member for three seconds an entry. Returning loses nothing
    // more: the entries stay in the map, and the members that have them then will sweep them.
    LOG.log(System.Logger.Level.WARNING, "leaving with {0} {1} not stored", map.size(), batches);
  }
}
