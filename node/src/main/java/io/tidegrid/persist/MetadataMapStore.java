package io.tidegrid.persist;

import com.hazelcast.map.MapStore;
import io.tidegrid.grid.MetadataKey;
import io.tidegrid.model.MetricMetadata;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the metadata of metrics in the database. Loading finds nothing while the database is away;
 * storing waits for it. Safe for use by many threads.
 */
final class MetadataMapStore implements MapStore<MetadataKey, MetricMetadata> {

  private static final System.Logger LOG = System.getLogger(MetadataMapStore.class.getName());

  private static final Duration RETRY = Duration.ofSeconds(2);

  private final Database database;
  private volatile boolean closing;

  MetadataMapStore(Database database) {
    this.database = database;
  }

  void close() {
    closing = true;
  }

  @Override
  public void store(MetadataKey key, MetricMetadata value) {
    storeAll(Map.of(key, value));
  }

  @Override
  public void storeAll(Map<MetadataKey, MetricMetadata> map) {
    List<MetadataKey> keys = new ArrayList<>(map.keySet());
    // In one order everywhere, so that two members do not wait for each other.
    keys.sort(Comparator.comparing(MetadataKey::tenant).thenComparing(MetadataKey::metric));
    while (!closing) {
      try (Connection connection = database.connection();
          PreparedStatement upsert =
              connection.prepareStatement(
                  "INSERT INTO metric_metadata (tenant, metric, type, unit, help) SELECT * FROM"
                      + " unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[]) ON"
                      + " CONFLICT (tenant, metric) DO UPDATE SET type = excluded.type, unit ="
                      + " excluded.unit, help = excluded.help")) {
        setText(connection, upsert, 1, keys.stream().map(MetadataKey::tenant).toList());
        setText(connection, upsert, 2, keys.stream().map(MetadataKey::metric).toList());
        setText(connection, upsert, 3, keys.stream().map(key -> map.get(key).type()).toList());
        setText(connection, upsert, 4, keys.stream().map(key -> map.get(key).unit()).toList());
        setText(connection, upsert, 5, keys.stream().map(key -> map.get(key).help()).toList());
        upsert.executeUpdate();
        return;
      } catch (SQLException e) {
        if (SqlErrors.remedy(e) == SqlErrors.Remedy.REFUSED) {
          LOG.log(
              System.Logger.Level.ERROR,
              "the database refused the metadata of {0} metrics: {1}",
              keys.size(),
              e.getMessage());
          return;
        }
        LOG.log(System.Logger.Level.DEBUG, "metadata not stored yet: {0}", e.getMessage());
      }
      waitForDatabase();
    }
  }

  private static void setText(
      Connection connection, PreparedStatement statement, int index, List<String> column)
      throws SQLException {
    Object[] texts = column.stream().map(SeriesWriter::storable).toArray();
    statement.setArray(index, connection.createArrayOf("text", texts));
  }

  private void waitForDatabase() {
    try {
      if (!database.awaitConnected(RETRY) || database.isConnected()) {
        TimeUnit.MILLISECONDS.sleep(200);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted before the metadata was stored", e);
    }
  }

  @Override
  public void delete(MetadataKey key) {
    deleteAll(List.of(key));
  }

  /** Metadata is only ever replaced. */
  @Override
  public void deleteAll(Collection<MetadataKey> keys) {}

  /** Null, by Hazelcast's contract, means that there is none. */
  @Override
  public MetricMetadata load(MetadataKey key) {
    return loadAll(List.of(key)).get(key);
  }

  @Override
  public Map<MetadataKey, MetricMetadata> loadAll(Collection<MetadataKey> keys) {
    Map<MetadataKey, MetricMetadata> found = new HashMap<>();
    if (!database.isConnected()) {
      return found;
    }
    try (Connection connection = database.readConnection();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT m.tenant, m.metric, m.type, m.unit, m.help FROM unnest(?::text[],"
                    + " ?::text[]) AS k (tenant, metric) JOIN metric_metadata m USING (tenant,"
                    + " metric)")) {
      setText(connection, select, 1, keys.stream().map(MetadataKey::tenant).toList());
      setText(connection, select, 2, keys.stream().map(MetadataKey::metric).toList());
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          found.put(
              new MetadataKey(result.getString(1), result.getString(2)),
              new MetricMetadata(
                  result.getString(2),
                  result.getString(3),
                  result.getString(4),
                  result.getString(5)));
        }
      }
    } catch (SQLException e) {
      // That the database is away is said elsewhere, once.
      LOG.log(System.Logger.Level.DEBUG, "no metadata from the database: {0}", e.getMessage());
    }
    return found;
  }

  /** Null, by Hazelcast's contract, means that nothing is loaded ahead. */
  @Override
  public Iterable<MetadataKey> loadAllKeys() {
    return null;
  }
}
