package io.tidegrid.persist;

import io.tidegrid.grid.TenantEntry;
import io.tidegrid.grid.TenantKey;
import java.util.List;
import java.util.Optional;

/**
 * Where the database keeps rules, or silences. Safe for use by many threads.
 *
 * @param <V> what is kept
 */
public interface TenantArchive<V extends TenantEntry> {

  /**
   * Returns all that there are.
   *
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY}, worth a retry, when the
   *     database cannot be asked now; so do the other methods
   */
  List<V> loadAll();

  /** Returns one; empty when it is not there. */
  Optional<V> find(TenantKey key);

  /** Commits one, unless a higher version of it is there. */
  void save(V value);

  /** Takes one away, if it is there. */
  void delete(TenantKey key);
}
