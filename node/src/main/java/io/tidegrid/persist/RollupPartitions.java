package io.tidegrid.persist;

import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The partitions of the tables of rollups, with the time of each one's last write in {@code
 * rollup_partitions}. Safe for use by many threads, each with a connection of its own.
 */
final class RollupPartitions {

  /** How exactly the last write is known; less would make its row a hot spot. */
  private static final long LAST_WRITE_MS = HourPartitions.HOUR_MS;

  private final Map<RollupTable, HourPartitions> partitions = new EnumMap<>(RollupTable.class);

  /** The last write that the database is known to have. */
  private final Map<Partition, Long> lastWrites = new ConcurrentHashMap<>();

  private record Partition(RollupTable table, long number) {}

  RollupPartitions() {
    for (RollupTable table : RollupTable.values()) {
      partitions.put(table, table.partitions());
    }
  }

  private Partition partition(RollupTable table, long timeMs) {
    return new Partition(table, partitions.get(table).numberOf(timeMs));
  }

  /** Forgets what is known, after the database said otherwise. */
  void forget() {
    partitions.values().forEach(HourPartitions::forget);
    lastWrites.clear();
  }

  /** Makes room for a span and notes that it is written to now, in transactions of its own. */
  void prepare(Connection connection, RollupTable table, long startMs, Instant now)
      throws SQLException {
    Partition partition = partition(table, startMs);
    boolean ignored = partitions.get(table).ensure(connection, partition.number);
    // Rounded up, so that nothing goes too early.
    long write = (now.toEpochMilli() / LAST_WRITE_MS + 1) * LAST_WRITE_MS;
    if (lastWrites.getOrDefault(partition, Long.MIN_VALUE) >= write) {
      return;
    }
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO rollup_partitions AS p (tier, start, last_write) VALUES (?, ?, ?) ON"
                + " CONFLICT (tier, start) DO UPDATE SET last_write = excluded.last_write WHERE"
                + " p.last_write < excluded.last_write")) {
      insert.setString(1, table.tier().text());
      insert.setTimestamp(2, timestamp(partitions.get(table).startOf(partition.number)));
      insert.setTimestamp(3, timestamp(write));
      insert.executeUpdate();
    }
    lastWrites.put(partition, write);
  }

  private static Timestamp timestamp(long ms) {
    return Timestamp.from(Instant.ofEpochMilli(ms));
  }

  private static String lock(Partition partition) {
    return "(" + partition.table.lock() + ", " + partition.number + ")";
  }

  /**
   * Keeps the partition of a span from being dropped until the transaction ends.
   *
   * @throws SQLException of class 55 when it is just being dropped: come again later
   */
  void lock(Connection connection, RollupTable table, long startMs) throws SQLException {
    if (!flag(
        connection, "SELECT pg_try_advisory_xact_lock_shared" + lock(partition(table, startMs)))) {
      throw new SQLException(
          "a partition of " + table.table() + " is being dropped", SqlErrors.LOCK_NOT_AVAILABLE);
    }
  }

  private static boolean flag(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getBoolean(1);
    }
  }

  /** Lists partitions of a tier whose end and whose last write are before a time. */
  List<ExpiredPartition> expired(Connection connection, Tier tier, Instant before)
      throws SQLException {
    RollupTable table = RollupTable.of(tier);
    HourPartitions of = partitions.get(table);
    List<ExpiredPartition> expired = new ArrayList<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            SELECT c.relname, p.last_write, greatest(c.reltuples, 0)::bigint,
                   pg_total_relation_size(c.oid)
              FROM pg_class c
              LEFT JOIN rollup_partitions p
                     ON p.tier = ?
                    AND c.relname = ? || '_p' || to_char(p.start AT TIME ZONE 'UTC', 'YYYYMMDD')
             WHERE c.relkind = 'r' AND c.relname LIKE ?
               AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = ?::regclass)
               AND (p.start IS NULL OR p.last_write < ?)
             ORDER BY c.relname\
            """)) {
      select.setString(1, tier.text());
      select.setString(2, table.table());
      select.setString(3, table.table().replace("_", "\\_") + "\\_p%");
      select.setString(4, table.table());
      select.setTimestamp(5, Timestamp.from(before));
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          var number = of.numberOf(result.getString(1));
          if (number.isEmpty()) {
            continue;
          }
          Instant from = Instant.ofEpochMilli(of.startOf(number.getAsLong()));
          Instant to = Instant.ofEpochMilli(of.startOf(number.getAsLong() + 1));
          if (to.isAfter(before)) {
            continue;
          }
          Timestamp lastWrite = result.getTimestamp(2);
          expired.add(
              new ExpiredPartition(
                  result.getString(1),
                  from,
                  to,
                  lastWrite == null ? to : lastWrite.toInstant(),
                  result.getLong(3),
                  result.getLong(4)));
        }
      }
    }
    return expired;
  }

  /**
   * Drops one of these, unless it was written to since; without holding up readers and writers. The
   * connection is in auto-commit mode.
   *
   * @return whether it is gone
   */
  boolean drop(Connection connection, Tier tier, ExpiredPartition expired, Instant before)
      throws SQLException {
    RollupTable table = RollupTable.of(tier);
    String lock = lock(partition(table, expired.from().toEpochMilli()));
    // Held by the session, because detaching cannot be done inside a transaction.
    if (!flag(connection, "SELECT pg_try_advisory_lock" + lock)) {
      return false;
    }
    try {
      boolean still =
          expired(connection, tier, before).stream()
              .anyMatch(other -> other.table().equals(expired.table()));
      if (!still) {
        return false;
      }
      PartitionDrop.detach(connection, table.table(), expired.table());
      try (Statement statement = connection.createStatement()) {
        statement.execute("DROP TABLE IF EXISTS " + expired.table());
        statement.execute(
            "DELETE FROM rollup_partitions WHERE tier = '"
                + tier.text()
                + "' AND start = "
                + SqlText.time(expired.from().toEpochMilli()));
      }
      forget();
      return true;
    } finally {
      if (!connection.isClosed()) {
        boolean ignored = flag(connection, "SELECT pg_advisory_unlock" + lock);
      }
    }
  }
}
