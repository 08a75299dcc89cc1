package io.tidegrid.persist;

import com.hazelcast.map.MapStore;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.TidegridException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * What Hazelcast's write-behind queue of a map of alerts calls. Waits while the database is away,
 * as what it throws would hold up the queue far longer. Loads nothing by key: a backup would ask
 * for each key that it does not know, on the thread of its partition; whole shards are loaded apart
 * from it. Safe for use by many threads.
 */
final class AlertMapStore<K, V> implements MapStore<K, V> {

  private static final System.Logger LOG = System.getLogger(AlertMapStore.class.getName());

  private final AlertTable<K, V> table;
  private final String what;
  private final StorageRetry retry;
  private final Counter refused;
  private final Set<K> inFlight = ConcurrentHashMap.newKeySet();
  private volatile Consumer<Map<K, V>> stored = entries -> {};

  /**
   * @param what is stored, for messages
   */
  AlertMapStore(Database database, AlertTable<K, V> table, String what, MeterRegistry meters) {
    this.table = table;
    this.what = what;
    this.retry = new StorageRetry(database, () -> {}, meters);
    this.refused =
        Counter.builder("tidegrid.alerts.stored.refused")
            .description("States and alerts not stored, because the database refuses their content")
            .register(meters);
  }

  /** Sets what is told of entries that are committed, or never will be. */
  void onStored(Consumer<Map<K, V>> listener) {
    stored = listener;
  }

  boolean isInFlight(K key) {
    return inFlight.contains(key);
  }

  /** Makes all that wait, and all that come, return without storing. */
  void close() {
    retry.close();
  }

  @Override
  public void store(K key, V value) {
    storeAll(Map.of(key, value));
  }

  @Override
  public void storeAll(Map<K, V> entries) {
    if (retry.isClosing() || entries.isEmpty()) {
      return;
    }
    inFlight.addAll(entries.keySet());
    try {
      write(entries);
    } catch (TidegridException e) {
      // The node is closing. What is left is with other members, or was flushed before.
      LOG.log(System.Logger.Level.DEBUG, "{0} not stored: {1}", what, e.getMessage());
    } finally {
      inFlight.removeAll(Set.copyOf(entries.keySet()));
    }
  }

  private void write(Map<K, V> entries) {
    boolean single = entries.size() == 1;
    switch (retry.run(connection -> table.upsert(connection, entries), !single, Long.MAX_VALUE)) {
      case StorageRetry.Outcome.Done() -> stored.accept(entries);
      case StorageRetry.Outcome.Refused(String state, String reason) -> {
        if (single) {
          refused.increment();
          LOG.log(
              System.Logger.Level.ERROR,
              "the database refused {0} {1} (SQLSTATE {2}): {3}",
              what,
              entries.keySet().iterator().next(),
              state,
              reason);
          stored.accept(entries);
        } else {
          halves(entries);
        }
      }
      case StorageRetry.Outcome.TryLess() -> halves(entries);
    }
  }

  private void halves(Map<K, V> entries) {
    Map<K, V> one = new HashMap<>();
    Map<K, V> other = new HashMap<>();
    entries.forEach((key, value) -> {
      if (one.size() < entries.size() / 2) {
        one.put(key, value);
      } else {
        other.put(key, value);
      }
    });
    write(one);
    write(other);
  }

  @Override
  public void delete(K key) {
    deleteAll(List.of(key));
  }

  @Override
  public void deleteAll(Collection<K> keys) {
    if (retry.isClosing() || keys.isEmpty()) {
      return;
    }
    List<K> all = new ArrayList<>(keys);
    try {
      var ignored = retry.run(connection -> table.delete(connection, all), false, Long.MAX_VALUE);
    } catch (TidegridException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0} not deleted: {1}", what, e.getMessage());
    }
  }

  /** Null, by Hazelcast's contract, means that there is none. */
  @Override
  public V load(K key) {
    return null;
  }

  @Override
  public Map<K, V> loadAll(Collection<K> keys) {
    return Map.of();
  }

  /** Null, by Hazelcast's contract, means that nothing is loaded ahead. */
  @Override
  public Iterable<K> loadAllKeys() {
    return null;
  }
}
