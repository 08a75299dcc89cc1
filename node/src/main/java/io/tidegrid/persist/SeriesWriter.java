package io.tidegrid.persist;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.grid.Birth;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.XxHash64;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Writes the series that batches name, and finds those whose id belongs to other labels. Within a
 * shard the directory resolves collisions of ids; across shards, and between a node that started
 * without its directory and the database, they are all but impossible (64 bits) and must still not
 * mix two series. Safe for use by many threads.
 */
final class SeriesWriter {

  private static final System.Logger LOG = System.getLogger(SeriesWriter.class.getName());

  private static final int ROWS_PER_STATEMENT = 5_000;

  private static final String INSERT =
      """
      INSERT INTO series (series_id, tenant, metric, canonical, labels, shard_hash)
      SELECT id, tenant, metric, canonical, labels::jsonb, shard_hash
        FROM unnest(?::bigint[], ?::text[], ?::text[], ?::bytea[], ?::text[], ?::bigint[])
             AS b (id, tenant, metric, canonical, labels, shard_hash)
      ON CONFLICT (series_id) DO NOTHING\
      """;

  private static final String CONFLICTS =
      """
      SELECT s.series_id
        FROM unnest(?::bigint[], ?::text[], ?::bytea[]) AS b (id, tenant, canonical)
        JOIN series s ON s.series_id = b.id
       WHERE s.canonical <> b.canonical OR s.tenant <> b.tenant\
      """;

  private static final JsonFactory JSON = new JsonFactory();

  /**
   * An id as one shard uses it: labels lie in one shard, so that tells two users of an id apart.
   */
  private record ShardSeries(int shard, long id) {}

  /**
   * @param accepted the batches without the samples of conflicting series
   * @param conflicts those samples, by the key of their batch
   * @param births the series now in the database
   */
  record Result(
      SortedMap<JournalKey, JournalBatch> accepted,
      SortedMap<JournalKey, JournalBatch> conflicts,
      List<Birth> births) {}

  private final WrittenSeries written = new WrittenSeries();
  private final Set<ShardSeries> conflicting = ConcurrentHashMap.newKeySet();

  void forget() {
    written.clear();
  }

  /** To be called once the transaction is committed. */
  void committed(Result result) {
    for (Birth birth : result.births()) {
      written.add(birth.id(), fingerprint(birth));
    }
  }

  Result write(Connection connection, SortedMap<JournalKey, JournalBatch> batches)
      throws SQLException {
    TreeMap<Long, Birth> births = new TreeMap<>();
    Set<Long> clashes = new HashSet<>();
    for (JournalBatch batch : batches.values()) {
      for (Birth birth : batch.births()) {
        if (!written.contains(birth.id(), fingerprint(birth))) {
          Birth other = births.putIfAbsent(birth.id(), birth);
          if (other != null && !other.equals(birth)) {
            clashes.add(birth.id());
          }
        }
      }
    }
    List<Birth> sorted = new ArrayList<>(births.values());
    for (int from = 0; from < sorted.size(); from += ROWS_PER_STATEMENT) {
      List<Birth> part = sorted.subList(from, Math.min(from + ROWS_PER_STATEMENT, sorted.size()));
      if (insert(connection, part) < part.size()) {
        findConflicts(connection, part, clashes);
      }
    }
    if (!clashes.isEmpty()) {
      markConflicts(connection, batches, clashes);
      sorted.removeIf(birth -> clashes.contains(birth.id()));
    }
    return split(batches, sorted);
  }

  private static int insert(Connection connection, List<Birth> births) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      Object[] ids = births.stream().map(Birth::id).toArray();
      Object[] tenants = births.stream().map(birth -> storable(birth.tenant())).toArray();
      Object[] metrics =
          births.stream().map(birth -> storable(birth.labels().metricName())).toArray();
      Object[] json = births.stream().map(birth -> json(birth.labels())).toArray();
      Object[] shardHashes =
          births.stream().map(b -> SeriesKey.of(b.tenant(), b.labels()).shardHash()).toArray();
      insert.setArray(1, connection.createArrayOf("int8", ids));
      insert.setArray(2, connection.createArrayOf("text", tenants));
      insert.setArray(3, connection.createArrayOf("text", metrics));
      insert.setArray(4, connection.createArrayOf("bytea", canonical(births)));
      insert.setArray(5, connection.createArrayOf("text", json));
      insert.setArray(6, connection.createArrayOf("int8", shardHashes));
      return insert.executeUpdate();
    }
  }

  private static void findConflicts(Connection connection, List<Birth> births, Set<Long> clashes)
      throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(CONFLICTS)) {
      Object[] ids = births.stream().map(Birth::id).toArray();
      Object[] tenants = births.stream().map(birth -> storable(birth.tenant())).toArray();
      select.setArray(1, connection.createArrayOf("int8", ids));
      select.setArray(2, connection.createArrayOf("text", tenants));
      select.setArray(3, connection.createArrayOf("bytea", canonical(births)));
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          clashes.add(result.getLong(1));
        }
      }
    }
  }

  /** Finds which births of the clashing ids are not what the database holds. */
  private void markConflicts(
      Connection connection, SortedMap<JournalKey, JournalBatch> batches, Set<Long> clashes)
      throws SQLException {
    for (Map.Entry<JournalKey, JournalBatch> entry : batches.entrySet()) {
      List<Birth> suspects =
          entry.getValue().births().stream().filter(b -> clashes.contains(b.id())).toList();
      for (Birth birth : suspects) {
        Set<Long> found = new HashSet<>();
        findConflicts(connection, List.of(birth), found);
        if (!found.isEmpty()
            && conflicting.add(new ShardSeries(entry.getKey().shard(), birth.id()))) {
          LOG.log(
              System.Logger.Level.ERROR,
              "series id {0} of {1} of tenant {2} belongs to another series in the database; its"
                  + " samples go to the dead letters",
              Long.toString(birth.id()),
              birth.labels(),
              birth.tenant());
        }
      }
    }
  }

  private Result split(SortedMap<JournalKey, JournalBatch> batches, List<Birth> births) {
    SortedMap<JournalKey, JournalBatch> conflicts = new TreeMap<>();
    if (conflicting.isEmpty()) {
      return new Result(batches, conflicts, births);
    }
    SortedMap<JournalKey, JournalBatch> accepted = new TreeMap<>();
    batches.forEach((key, batch) -> {
      JournalBatch bad =
          BatchFilter.keep(
              batch, i -> conflicting.contains(new ShardSeries(key.shard(), batch.ids()[i])));
      if (bad.size() == 0) {
        accepted.put(key, batch);
      } else {
        conflicts.put(key, bad);
        accepted.put(
            key,
            BatchFilter.keep(
                batch, i -> !conflicting.contains(new ShardSeries(key.shard(), batch.ids()[i]))));
      }
    });
    return new Result(accepted, conflicts, births);
  }

  private static byte[][] canonical(List<Birth> births) {
    return births.stream().map(birth -> birth.labels().canonicalBytes()).toArray(byte[][]::new);
  }

  private static long fingerprint(Birth birth) {
    byte[] tenant = birth.tenant().getBytes(StandardCharsets.UTF_8);
    byte[] canonical = birth.labels().canonicalBytes();
    return XxHash64.hash(
        canonical, 0, canonical.length, XxHash64.hash(tenant, 0, tenant.length, 0));
  }

  /** PostgreSQL's text cannot hold U+0000. */
  static String storable(String text) {
    return text.indexOf('\0') < 0 ? text : text.replace('\0', '\uFFFD');
  }

  private static String json(Labels labels) {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      for (Map.Entry<String, String> label : labels.toMap(true).entrySet()) {
        json.writeStringField(storable(label.getKey()), storable(label.getValue()));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }
}
