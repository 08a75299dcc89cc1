package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;

/**
 * A table that a map is written behind to.
 *
 * @param <K> the map's keys
 * @param <V> the map's values
 */
interface AlertTable<K, V> {

  /** Writes entries, each unless a newer one of its key is there. */
  void upsert(Connection connection, Map<K, V> entries) throws SQLException;

  /** Takes rows away. */
  void delete(Connection connection, Collection<K> keys) throws SQLException;
}
