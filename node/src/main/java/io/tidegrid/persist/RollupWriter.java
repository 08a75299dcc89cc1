package io.tidegrid.persist;

import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.persist.RollupMarksTable.Place;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import io.tidegrid.tier.WindowRoller;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.postgresql.PGConnection;

/**
 * Writes rollups of whole spans in one transaction: each replaces all rows of its shard and span,
 * those of series that no longer have any too, unless what is there has a higher sequence. The
 * marks go, and those of days come, in the same transaction. Safe for use by many threads, each
 * with a connection of its own.
 */
final class RollupWriter {

  /** First half of the advisory lock that a writer of rollups holds for each of its shards. */
  private static final int SHARD_LOCK = 0x54675268;

  private static final String KEYS = "unnest(?::text[], ?::bigint[], ?::integer[])";

  /** Which rows of a span are there, from this number of shards. */
  private static final String SPANS =
      "SELECT k.tier, k.start_ms, k.shard, s.seq, s.ids FROM "
          + KEYS
          + " AS k (tier, start_ms, shard) JOIN rollup_spans s ON s.tier = k.tier AND s.start ="
          + " to_timestamp(k.start_ms / 1000.0) AND s.shards = ? AND s.shard = k.shard";

  private static final String HAS_OTHERS =
      "SELECT EXISTS (SELECT FROM "
          + KEYS
          + " AS k (tier, start_ms, shard) JOIN rollup_spans s ON s.tier = k.tier AND s.start ="
          + " to_timestamp(k.start_ms / 1000.0) AND s.shards <> ?)";

  /** Series that had rows under another number of shards and belong to the shard now. */
  private static final String OTHERS =
      "SELECT k.tier, k.start_ms, k.shard, array_agg(DISTINCT e.series_id) FROM "
          + KEYS
          + " AS k (tier, start_ms, shard) JOIN rollup_spans s ON s.tier = k.tier AND s.start ="
          + " to_timestamp(k.start_ms / 1000.0) AND s.shards <> ? CROSS JOIN LATERAL unnest(s.ids)"
          + " AS i (id) JOIN series e ON e.series_id = i.id WHERE shard_of(e.shard_hash, ?) ="
          + " k.shard GROUP BY k.tier, k.start_ms, k.shard";

  private static final String ENTER_SPAN =
      "INSERT INTO rollup_spans (tier, start, shards, shard, seq, ids) VALUES (?, ?, ?, ?, ?, ?) ON"
          + " CONFLICT (tier, start, shards, shard) DO UPDATE SET seq = excluded.seq, ids ="
          + " excluded.ids";

  private final InstantSource clock;
  private final RollupPartitions partitions;

  /**
   * What a transaction wrote.
   *
   * @param windows over all tiers
   * @param rows over all tables
   * @param outdated spans of which newer rollups were there
   */
  record Written(long windows, long rows, int outdated) {}

  RollupWriter(InstantSource clock, RollupPartitions partitions) {
    this.clock = clock;
    this.partitions = partitions;
  }

  /** Forgets which partitions exist, after the database said otherwise. */
  void forget() {
    partitions.forget();
  }

  /**
   * Writes and commits. The connection is in auto-commit mode before and after.
   *
   * @param shards how many shards there are
   */
  Written write(Connection connection, int shards, SortedMap<RollupKey, RollupBlock> blocks)
      throws SQLException {
    Instant now = clock.instant();
    for (RollupKey key : blocks.keySet()) {
      for (RollupTable table : RollupTable.from(key.tier())) {
        partitions.prepare(connection, table, key.startMs(), now);
      }
    }
    connection.setAutoCommit(false);
    try {
      Written written = new Work(connection, shards, blocks).run();
      connection.commit();
      return written;
    } catch (SQLException | RuntimeException e) {
      HourPartitions.rollback(connection, e);
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(true);
      }
    }
  }

  /** One transaction. */
  private final class Work {

    private final Connection connection;
    private final int shards;
    private final SortedMap<RollupKey, RollupBlock> blocks;

    /** The series that have rows of a span. */
    private final Map<RollupKey, Set<Long>> present = new HashMap<>();

    private final Map<Span, RollupKey> byName = new HashMap<>();
    private final SortedMap<RollupKey, RollupBlock> current;
    private long windows;
    private long rows;

    /** How the database names a span of a shard. */
    private record Span(String tier, long startMs, int shard) {}

    Work(Connection connection, int shards, SortedMap<RollupKey, RollupBlock> blocks) {
      this.connection = connection;
      this.shards = shards;
      this.blocks = blocks;
      this.current = new TreeMap<>(blocks);
      for (RollupKey key : blocks.keySet()) {
        byName.put(new Span(key.tier().text(), key.startMs(), key.shard()), key);
      }
    }

    Written run() throws SQLException {
      lock();
      lookForRows();
      deleteRows();
      copy(Tier.ONE_MINUTE);
      copy(Tier.ONE_DAY);
      enterSpans();
      settleMarks();
      return new Written(windows, rows, blocks.size() - current.size());
    }

    /** Writers of one shard take turns: of two that begin, both would find nothing there. */
    private void lock() throws SQLException {
      TreeSet<Integer> distinct = new TreeSet<>();
      blocks.keySet().forEach(key -> distinct.add(key.shard()));
      try (PreparedStatement lock =
          connection.prepareStatement(
              "SELECT pg_advisory_xact_lock("
                  + SHARD_LOCK
                  + ", s) FROM unnest(?::integer[]) AS s")) {
        lock.setArray(1, connection.createArrayOf("int4", distinct.toArray()));
        lock.execute();
      }
      for (RollupKey key : blocks.keySet()) {
        for (RollupTable table : RollupTable.from(key.tier())) {
          partitions.lock(connection, table, key.startMs());
        }
      }
    }

    private void lookForRows() throws SQLException {
      try (PreparedStatement select = withKeys(SPANS)) {
        select.setInt(4, shards);
        try (ResultSet result = select.executeQuery()) {
          while (result.next()) {
            RollupKey key = key(result);
            if (result.getLong(4) > blocks.get(key).sequence()) {
              current.remove(key);
            } else {
              add(key, result.getArray(5));
            }
          }
        }
      }
      boolean others;
      try (PreparedStatement select = withKeys(HAS_OTHERS)) {
        select.setInt(4, shards);
        try (ResultSet result = select.executeQuery()) {
          result.next();
          others = result.getBoolean(1);
        }
      }
      if (others) {
        try (PreparedStatement select = withKeys(OTHERS)) {
          select.setInt(4, shards);
          select.setInt(5, shards);
          try (ResultSet result = select.executeQuery()) {
            while (result.next()) {
              add(key(result), result.getArray(4));
            }
          }
        }
      }
    }

    private RollupKey key(ResultSet result) throws SQLException {
      return byName.get(new Span(result.getString(1), result.getLong(2), result.getInt(3)));
    }

    private void add(RollupKey key, Array ids) throws SQLException {
      Long[] values = (Long[]) ids.getArray();
      present.computeIfAbsent(key, k -> new HashSet<>()).addAll(Arrays.asList(values));
    }

    private PreparedStatement withKeys(String query) throws SQLException {
      Collection<RollupKey> keys = current.keySet();
      PreparedStatement statement = connection.prepareStatement(query);
      statement.setArray(
          1,
          connection.createArrayOf("text", keys.stream().map(key -> key.tier().text()).toArray()));
      statement.setArray(
          2, connection.createArrayOf("int8", keys.stream().map(RollupKey::startMs).toArray()));
      statement.setArray(
          3, connection.createArrayOf("int4", keys.stream().map(RollupKey::shard).toArray()));
      return statement;
    }

    private void deleteRows() throws SQLException {
      for (Map.Entry<RollupKey, Set<Long>> entry : present.entrySet()) {
        RollupKey key = entry.getKey();
        if (!current.containsKey(key) || entry.getValue().isEmpty()) {
          continue;
        }
        long[] ids = entry.getValue().stream().mapToLong(Long::longValue).toArray();
        try (Statement statement = connection.createStatement()) {
          for (RollupTable table : RollupTable.from(key.tier())) {
            statement.executeUpdate(
                "DELETE FROM "
                    + table.table()
                    + " WHERE block = "
                    + SqlText.time(key.startMs())
                    + " AND series_id = ANY ("
                    + SqlText.array(ids)
                    + ")");
          }
        }
      }
    }

    /** Writes the windows of the finest tier, and makes and writes those of the coarser ones. */
    private void copy(Tier finest) throws SQLException {
      SortedMap<RollupKey, RollupBlock> level = new TreeMap<>(blocks.comparator());
      current.forEach((key, block) -> {
        if (key.tier() == finest) {
          level.put(key, block);
        }
      });
      if (level.isEmpty()) {
        return;
      }
      List<RollupTable> tables = RollupTable.from(finest);
      WindowRoller roller = new WindowRoller();
      for (int i = 0; i < tables.size(); i++) {
        copy(tables.get(i), level);
        if (i + 1 < tables.size()) {
          long windowMs = tables.get(i + 1).tier().windowMs();
          level.replaceAll((key, finer) -> coarser(roller, windowMs, finer));
        }
      }
    }

    private void copy(RollupTable table, SortedMap<RollupKey, RollupBlock> level)
        throws SQLException {
      try (RollupCopy copy = new RollupCopy(connection, table)) {
        List<SQLException> failure = new ArrayList<>();
        for (Map.Entry<RollupKey, RollupBlock> entry : level.entrySet()) {
          RollupBlock block = entry.getValue();
          windows += block.windows();
          block.forEach((id, columns) -> {
            if (failure.isEmpty()) {
              try {
                copy.write(id, entry.getKey().startMs(), block.sequence(), columns);
              } catch (SQLException e) {
                failure.add(e);
              }
            }
          });
          if (!failure.isEmpty()) {
            throw failure.getFirst();
          }
        }
        rows += copy.finish();
      }
    }

    private static RollupBlock coarser(WindowRoller roller, long windowMs, RollupBlock finer) {
      RollupBlock.Builder builder = new RollupBlock.Builder(finer.sequence());
      RollupColumns merged = new RollupColumns();
      finer.forEach((id, columns) -> {
        merged.clear();
        roller.merge(windowMs, columns, 0, columns.size(), merged);
        builder.add(id, merged);
      });
      return builder.build();
    }

    private void enterSpans() throws SQLException {
      try (PreparedStatement insert = connection.prepareStatement(ENTER_SPAN)) {
        for (Map.Entry<RollupKey, RollupBlock> entry : current.entrySet()) {
          RollupKey key = entry.getKey();
          insert.setString(1, key.tier().text());
          insert.setTimestamp(2, Timestamp.from(Instant.ofEpochMilli(key.startMs())));
          insert.setInt(3, shards);
          insert.setInt(4, key.shard());
          insert.setLong(5, entry.getValue().sequence());
          insert.setArray(6, arrayOf(entry.getValue().ids()));
          insert.addBatch();
        }
        insert.executeBatch();
      }
    }

    private Array arrayOf(long[] ids) throws SQLException {
      return connection.unwrap(PGConnection.class).createArrayOf("int8", ids);
    }

    private void settleMarks() throws SQLException {
      SortedMap<Place, Long> minutes = new TreeMap<>();
      SortedMap<Place, Long> days = new TreeMap<>();
      SortedMap<Place, Long> daysTouched = new TreeMap<>();
      blocks.forEach((key, block) -> {
        Place place = new Place(key.shard(), key.startMs());
        if (key.tier() == Tier.ONE_DAY) {
          days.put(place, block.sequence());
        } else {
          minutes.put(place, block.sequence());
          daysTouched.merge(
              new Place(key.shard(), Tier.ONE_DAY.startOf(key.startMs())),
              block.sequence(),
              Math::max);
        }
      });
      RollupMarksTable.clear(connection, Tier.ONE_MINUTE, shards, minutes);
      RollupMarksTable.clear(connection, Tier.ONE_DAY, shards, days);
      RollupMarksTable.mark(connection, Tier.ONE_DAY, shards, daysTouched);
    }
  }
}
