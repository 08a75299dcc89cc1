package io.tidegrid.persist;

import io.tidegrid.store.RollupDirt;
import io.tidegrid.tier.Tier;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The table {@code rollup_dirty}: what was written to since its rollups were stored, so that a loss
 * of all memory forgets nothing. Has no state; safe for use by many threads, each with a connection
 * of its own.
 */
final class RollupMarksTable {

  /**
   * Names a shard and a span of it.
   *
   * @param startMs the start of the block or day
   */
  record Place(int shard, long startMs) implements Comparable<Place> {

    @Override
    public int compareTo(Place other) {
      return shard != other.shard
          ? Integer.compare(shard, other.shard)
          : Long.compare(startMs, other.startMs);
    }
  }

  private static final String PLACES =
      " FROM unnest(?::integer[], ?::bigint[], ?::bigint[]) AS m (shard, start_ms, seq)";

  private static final String START = "to_timestamp(m.start_ms / 1000.0)";

  /** Sorted, so that no two writers wait for each other in a circle. */
  private static final String MARK =
      "INSERT INTO rollup_dirty AS d (tier, shards, shard, start, seq) SELECT ?, ?, m.shard, "
          + START
          + ", m.seq"
          + PLACES
          + " ORDER BY m.shard, m.start_ms ON CONFLICT (tier, shards, shard, start) DO UPDATE SET"
          + " seq = excluded.seq WHERE d.seq < excluded.seq";

  private static final String CLEAR =
      "WITH done AS MATERIALIZED (SELECT d.shard, d.start"
          + PLACES
          + " JOIN rollup_dirty d ON d.tier = ? AND d.shards = ? AND d.shard = m.shard AND d.start"
          + " = "
          + START
          + " WHERE d.seq <= m.seq ORDER BY d.shard, d.start FOR UPDATE OF d) DELETE FROM"
          + " rollup_dirty d USING done WHERE d.tier = ? AND d.shards = ? AND d.shard = done.shard"
          + " AND d.start = done.start";

  /** What rollups were stored of at or above the sequence of the mark is not dirty. */
  private static final String CLEAR_STORED =
      "DELETE FROM rollup_dirty d USING rollup_spans s WHERE s.tier = d.tier AND s.start = d.start"
          + " AND s.shards = d.shards AND s.shard = d.shard AND s.seq >= d.seq";

  private static final String TAKE_OVER =
      "WITH foreign_marks AS (DELETE FROM rollup_dirty WHERE shards <> ? RETURNING tier, start, seq)"
          + " INSERT INTO rollup_dirty AS d (tier, shards, shard, start, seq) SELECT f.tier, ?,"
          + " s.shard, f.start, max(f.seq) FROM foreign_marks f CROSS JOIN generate_series(0, ?) AS"
          + " s (shard) GROUP BY f.tier, s.shard, f.start ORDER BY f.tier, s.shard, f.start ON"
          + " CONFLICT (tier, shards, shard, start) DO UPDATE SET seq = excluded.seq WHERE d.seq <"
          + " excluded.seq";

  private RollupMarksTable() {}

  /**
   * Marks spans, each with the last write to it; of a span that is marked already the higher
   * sequence stays.
   *
   * @param shards how many shards there are; 0 when that is not known
   */
  static void mark(Connection connection, Tier tier, int shards, SortedMap<Place, Long> marks)
      throws SQLException {
    if (marks.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(MARK)) {
      statement.setString(1, tier.text());
      statement.setInt(2, shards);
      setPlaces(connection, statement, 3, marks);
      statement.executeUpdate();
    }
  }

  /** Takes away the marks of spans whose sequence is not above what was stored now. */
  static void clear(Connection connection, Tier tier, int shards, SortedMap<Place, Long> through)
      throws SQLException {
    if (through.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(CLEAR)) {
      setPlaces(connection, statement, 1, through);
      statement.setString(4, tier.text());
      statement.setInt(5, shards);
      statement.setString(6, tier.text());
      statement.setInt(7, shards);
      statement.executeUpdate();
    }
  }

  private static void setPlaces(
      Connection connection, PreparedStatement statement, int first, Map<Place, Long> marks)
      throws SQLException {
    Integer[] shards = new Integer[marks.size()];
    Long[] starts = new Long[marks.size()];
    Long[] sequences = new Long[marks.size()];
    int i = 0;
    for (Map.Entry<Place, Long> mark : marks.entrySet()) {
      shards[i] = mark.getKey().shard();
      starts[i] = mark.getKey().startMs();
      sequences[i++] = mark.getValue();
    }
    statement.setArray(first, connection.createArrayOf("int4", shards));
    statement.setArray(first + 1, connection.createArrayOf("int8", starts));
    statement.setArray(first + 2, connection.createArrayOf("int8", sequences));
  }

  /**
   * Takes away marks of what is stored: a batch may be committed a moment after rollups that have
   * it.
   */
  static void clearStored(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(CLEAR_STORED)) {
      statement.executeUpdate();
    }
  }

  /**
   * Turns marks that were made under another number of shards, or under one that was not known,
   * into marks of all shards: which of them has the series is not known by the mark.
   *
   * @return how many marks there were made
   */
  static int takeOver(Connection connection, int shards) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TAKE_OVER)) {
      statement.setInt(1, shards);
      statement.setInt(2, shards);
      statement.setInt(3, shards - 1);
      return statement.executeUpdate();
    }
  }

  /** Returns the marks of some shards; a shard without any is not there. */
  static Map<Integer, RollupDirt> load(
      Connection connection, int shards, Collection<Integer> wanted) throws SQLException {
    Map<Integer, NavigableMap<Long, Long>> blocks = new TreeMap<>();
    Map<Integer, NavigableMap<Long, Long>> days = new TreeMap<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT tier, shard, (extract(epoch FROM start) * 1000)::bigint, seq FROM rollup_dirty"
                + " WHERE shards = ? AND shard = ANY (?)")) {
      select.setInt(1, shards);
      Array numbers = connection.createArrayOf("int4", wanted.toArray());
      select.setArray(2, numbers);
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          boolean day = result.getString(1).equals(Tier.ONE_DAY.text());
          (day ? days : blocks)
              .computeIfAbsent(result.getInt(2), shard -> new TreeMap<>())
              .put(result.getLong(3), result.getLong(4));
        }
      }
    }
    Map<Integer, RollupDirt> dirt = new TreeMap<>();
    for (int shard : wanted) {
      NavigableMap<Long, Long> ofBlocks = blocks.getOrDefault(shard, new TreeMap<>());
      NavigableMap<Long, Long> ofDays = days.getOrDefault(shard, new TreeMap<>());
      if (!ofBlocks.isEmpty() || !ofDays.isEmpty()) {
        dirt.put(shard, new RollupDirt(ofBlocks, ofDays));
      }
    }
    return dirt;
  }
}
