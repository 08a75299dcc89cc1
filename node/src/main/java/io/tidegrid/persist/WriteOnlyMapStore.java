package io.tidegrid.persist;

import com.hazelcast.map.MapStore;
import java.util.Collection;
import java.util.Map;

/**
 * What Hazelcast calls for a map that holds what is on its way to the database. Loading finds
 * nothing, for the map holds what is not there yet; deleting is what happens after a commit and
 * deletes nothing there.
 */
abstract class WriteOnlyMapStore<K, V> implements MapStore<K, V> {

  @Override
  public final void store(K key, V value) {
    storeAll(Map.of(key, value));
  }

  @Override
  public final void delete(K key) {}

  @Override
  public final void deleteAll(Collection<K> keys) {}

  /** Null, by Hazelcast's contract, means that there is none. */
  @Override
  public final V load(K key) {
    return null;
  }

  @Override
  public final Map<K, V> loadAll(Collection<K> keys) {
    return Map.of();
  }

  /** Null, by Hazelcast's contract, means that nothing is loaded ahead. */
  @Override
  public final Iterable<K> loadAllKeys() {
    return null;
  }
}
