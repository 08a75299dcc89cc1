package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Compacted samples in the table {@code blocks}, a partition for each day, with the time of each
 * day's last write in {@code block_days}. Safe for use by many threads.
 */
final class BlockWriter implements CompactedWriter {

  /** First half of the advisory lock of a day: shared to write to it, exclusive to drop it. */
  private static final int DAY_LOCK = 0x54674461;

  /** How exactly the last write of a day is known; less would make its row a hot spot. */
  private static final long LAST_WRITE_MS = HourPartitions.HOUR_MS;

  private static final int LOOKUPS_AT_ONCE = 10_000;

  private final HourPartitions days = HourPartitions.days("blocks");

  @Override
  public void prepare(Connection connection, long blockMs, Instant now) throws SQLException {
    long day = HourPartitions.dayOf(blockMs);
    boolean ignored = days.ensure(connection, day);
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO block_days AS d (day, last_write) VALUES (?, ?) ON CONFLICT (day) DO"
                + " UPDATE SET last_write = excluded.last_write WHERE d.last_write <"
                + " excluded.last_write")) {
      insert.setTimestamp(1, timestamp(day * HourPartitions.DAY_MS));
      long nowMs = now.toEpochMilli();
      // Rounded up, so that nothing goes too early.
      insert.setTimestamp(2, timestamp((nowMs / LAST_WRITE_MS + 1) * LAST_WRITE_MS));
      insert.executeUpdate();
    }
  }

  private static Timestamp timestamp(long ms) {
    return Timestamp.from(Instant.ofEpochMilli(ms));
  }

  @Override
  public void forget() {
    days.forget();
  }

  @Override
  public boolean lock(Connection connection, long blockMs) throws SQLException {
    return flag(
        connection,
        "SELECT pg_try_advisory_xact_lock_shared("
            + DAY_LOCK
            + ", "
            + HourPartitions.dayOf(blockMs)
            + ")");
  }

  private static boolean flag(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getBoolean(1);
    }
  }

  @Override
  public void counts(
      Connection connection, long blockMs, long[] ids, int from, int to, int[] counts)
      throws SQLException {
    Arrays.fill(counts, from, to, 0);
    for (int start = from; start < to; start += LOOKUPS_AT_ONCE) {
      int end = Math.min(to, start + LOOKUPS_AT_ONCE);
      try (Statement statement = connection.createStatement();
          ResultSet result =
              statement.executeQuery(
                  "SELECT series_id, n FROM blocks WHERE " + where(blockMs, ids, start, end))) {
        while (result.next()) {
          counts[Arrays.binarySearch(ids, start, end, result.getLong(1))] = result.getInt(2);
        }
      }
    }
  }

  private static String where(long blockMs, long[] ids, int from, int to) {
    return "block = "
        + SqlText.time(blockMs)
        + " AND series_id = ANY ("
        + SqlText.array(Arrays.copyOfRange(ids, from, to))
        + ")";
  }

  @Override
  public void read(
      Connection connection,
      long blockMs,
      long[] ids,
      int from,
      int to,
      CompactedSamples.Sink consumer)
      throws SQLException {
    long ignored =
        BlockRows.read(
            connection,
            "SELECT "
                + BlockRows.COLUMNS
                + " FROM blocks WHERE "
                + where(blockMs, ids, from, to)
                + " ORDER BY series_id",
            consumer);
  }

  @Override
  public void delete(Connection connection, long blockMs, long[] ids, int from, int to)
      throws SQLException {
    for (int start = from; start < to; start += LOOKUPS_AT_ONCE) {
      try (Statement statement = connection.createStatement()) {
        statement.executeUpdate(
            "DELETE FROM blocks WHERE "
                + where(blockMs, ids, start, Math.min(to, start + LOOKUPS_AT_ONCE)));
      }
    }
  }

  @Override
  public Rows write(Connection connection, long blockMs) throws SQLException {
    return new BlockCopy(connection, "blocks", blockMs);
  }

  @Override
  public List<ExpiredPartition> expired(Connection connection, Instant before) throws SQLException {
    List<ExpiredPartition> expired = new ArrayList<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            SELECT c.relname, d.last_write, greatest(c.reltuples, 0)::bigint,
                   pg_total_relation_size(c.oid)
              FROM pg_class c
              LEFT JOIN block_days d
                     ON c.relname = 'blocks_p' || to_char(d.day AT TIME ZONE 'UTC', 'YYYYMMDD')
             WHERE c.relkind = 'r' AND c.relname LIKE 'blocks\\_p%'
               AND c.relnamespace = (SELECT relnamespace FROM pg_class
                                      WHERE oid = 'blocks'::regclass)
               AND (d.day IS NULL OR d.last_write < ?)
             ORDER BY c.relname\
            """)) {
      select.setTimestamp(1, Timestamp.from(before));
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          String table = result.getString(1);
          long day = days.numberOf(table).orElse(Long.MAX_VALUE);
          if (day > HourPartitions.dayOf(before.toEpochMilli()) - 1) {
            continue;
          }
          Instant from = Instant.ofEpochMilli(day * HourPartitions.DAY_MS);
          Instant to = from.plusMillis(HourPartitions.DAY_MS);
          Timestamp lastWrite = result.getTimestamp(2);
          expired.add(
              new ExpiredPartition(
                  table,
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

  @Override
  public boolean drop(Connection connection, ExpiredPartition partition, Instant before)
      throws SQLException {
    long day = HourPartitions.dayOf(partition.from().toEpochMilli());
    String lock = "(" + DAY_LOCK + ", " + day + ")";
    // Held by the session, because detaching cannot be done inside a transaction.
    if (!flag(connection, "SELECT pg_try_advisory_lock" + lock)) {
      return false;
    }
    try {
      boolean still =
          expired(connection, before).stream()
              .anyMatch(expired -> expired.table().equals(partition.table()));
      if (!still) {
        return false;
      }
      PartitionDrop.detach(connection, "blocks", partition.table());
      try (Statement statement = connection.createStatement()) {
        statement.execute("DROP TABLE IF EXISTS " + partition.table());
        statement.execute(
            "DELETE FROM block_days WHERE day = '" + partition.from() + "'::timestamptz");
      }
      days.forget();
      return true;
    } finally {
      if (!connection.isClosed()) {
        boolean ignored = flag(connection, "SELECT pg_advisory_unlock" + lock);
      }
    }
  }
}
