package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The hourly partitions of one table. An hour is named by its number since 1970. Safe for use by
 * many threads.
 */
final class HourPartitions {

  static final long HOUR_MS = 3_600_000L;

  private static final DateTimeFormatter SUFFIX =
      DateTimeFormatter.ofPattern("uuuuMMddHH").withZone(ZoneOffset.UTC);

  private final String table;
  private final boolean appendOnly;
  private final Set<Long> known = ConcurrentHashMap.newKeySet();

  /**
   * @param appendOnly whether rows are never changed or deleted one by one
   */
  HourPartitions(String table, boolean appendOnly) {
    this.table = table;
    this.appendOnly = appendOnly;
  }

  static long hourOf(long timeMs) {
    return Math.floorDiv(timeMs, HOUR_MS);
  }

  /** Returns the start of an hour as an SQL literal. */
  static String literal(long hour) {
    return "'" + Instant.ofEpochMilli(hour * HOUR_MS) + "'::timestamptz";
  }

  /** Returns the name of an hour's partition, whether it exists or not. */
  String partition(long hour) {
    return table + "_p" + SUFFIX.format(Instant.ofEpochMilli(hour * HOUR_MS));
  }

  /** Creates the partitions that are missing, each in a transaction of its own. */
  void ensure(Connection connection, Collection<Long> hours) throws SQLException {
    for (long hour : hours) {
      if (!known.contains(hour)) {
        create(connection, hour);
        known.add(hour);
      }
    }
  }

  /** Creates the partition of an hour and tells whether this object did not know it yet. */
  boolean ensureNew(Connection connection, long hour) throws SQLException {
    boolean unknown = !known.contains(hour);
    ensure(connection, java.util.List.of(hour));
    return unknown;
  }

  /** Forgets what is known, after a partition turned out to be missing. */
  void forget() {
    known.clear();
  }

  /**
   * Created beside the table and then attached: CREATE TABLE … PARTITION OF would lock the table
   * exclusively, and so wait for, and hold up behind it, every reader and writer; attaching does
   * not.
   */
  private void create(Connection connection, long hour) throws SQLException {
    String partition = partition(hour);
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SELECT pg_advisory_xact_lock(hashtextextended('tidegrid partition "
              + partition
              + "', 0))");
      boolean attached;
      try (ResultSet result =
          statement.executeQuery(
              "SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = '"
                  + table
                  + "'::regclass AND inhrelid = to_regclass('"
                  + partition
                  + "'))")) {
        result.next();
        attached = result.getBoolean(1);
      }
      if (!attached) {
        statement.execute("DROP TABLE IF EXISTS " + partition);
        // Rows that never change need no vacuum; freezing them would rewrite every page once.
        String storage = appendOnly ? " WITH (autovacuum_enabled = off)" : "";
        statement.execute(
            "CREATE TABLE " + partition + " (LIKE " + table + " INCLUDING ALL)" + storage);
        statement.execute(
            "ALTER TABLE "
                + table
                + " ATTACH PARTITION "
                + partition
                + " FOR VALUES FROM ("
                + literal(hour)
                + ") TO ("
                + literal(hour + 1)
                + ")");
      }
      connection.commit();
    } catch (SQLException e) {
      rollback(connection, e);
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(true);
      }
    }
  }

  /**
   * Locks the partition of an hour for writing rows straight into it until the transaction ends, so
   * that it can be neither dropped nor detached meanwhile, and returns its name.
   *
   * @throws SqlErrors.MissingPartitionException when there is none, or it is not attached
   */
  String lockForWriting(Connection connection, long hour) throws SQLException {
    String partition = partition(hour);
    try (Statement statement = connection.createStatement()) {
      statement.execute("LOCK TABLE " + partition + " IN ROW EXCLUSIVE MODE");
      try (ResultSet result =
          statement.executeQuery(
              "SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = '"
                  + table
                  + "'::regclass AND inhrelid = '"
                  + partition
                  + "'::regclass AND NOT inhdetachpending)")) {
        result.next();
        if (!result.getBoolean(1)) {
          throw new SqlErrors.MissingPartitionException(partition + " is not attached", null);
        }
      }
    } catch (SQLException e) {
      if (SqlErrors.state(e).equals(SqlErrors.UNDEFINED_TABLE)) {
        throw new SqlErrors.MissingPartitionException(partition + " does not exist", e);
      }
      throw e;
    }
    return partition;
  }

  /** Returns the hours that have a partition. */
  NavigableSet<Long> existing(Connection connection) throws SQLException {
    NavigableSet<Long> hours = new TreeSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE"
                    + " i.inhparent = '"
                    + table
                    + "'::regclass")) {
      while (result.next()) {
        String name = result.getString(1);
        String suffix = name.substring(name.lastIndexOf('p') + 1);
        if (suffix.length() >= 10) {
          int digits = suffix.length();
          Instant start =
              Instant.parse(
                  suffix.substring(0, digits - 6)
                      + "-"
                      + suffix.substring(digits - 6, digits - 4)
                      + "-"
                      + suffix.substring(digits - 4, digits - 2)
                      + "T"
                      + suffix.substring(digits - 2)
                      + ":00:00Z");
          hours.add(hourOf(start.toEpochMilli()));
        }
      }
    }
    return hours;
  }

  /** Drops all but the newest partitions. */
  void keepNewest(Connection connection, int count) throws SQLException {
    NavigableSet<Long> hours = existing(connection);
    while (hours.size() > count) {
      long oldest = hours.pollFirst();
      known.remove(oldest);
      try (Statement statement = connection.createStatement()) {
        statement.execute("DROP TABLE IF EXISTS " + partition(oldest));
      }
    }
  }

  static void rollback(Connection connection, Exception cause) {
    try {
      if (!connection.isClosed()) {
        connection.rollback();
      }
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }
}
