package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
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

  private static final int LOCK_TIMEOUT_MS = 100;

  private static final DateTimeFormatter SUFFIX =
      DateTimeFormatter.ofPattern("uuuuMMddHH").withZone(ZoneOffset.UTC);

  private final String table;
  private final Set<Long> known = ConcurrentHashMap.newKeySet();

  HourPartitions(String table) {
    this.table = table;
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

  /**
   * Creates the partition of an hour unless there is one, in a transaction of its own, and tells
   * whether this object did not know it yet.
   */
  boolean ensure(Connection connection, long hour) throws SQLException {
    if (known.contains(hour)) {
      return false;
    }
    create(connection, hour);
    return known.add(hour);
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
      boolean attached =
          isTrue(
              statement,
              "SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = '"
                  + table
                  + "'::regclass AND inhrelid = to_regclass('"
                  + partition
                  + "'))");
      if (!attached) {
        statement.execute("DROP TABLE IF EXISTS " + partition);
        // Partitions are dropped before vacuum would gain anything; freezing them would rewrite
        // every page once.
        statement.execute(
            "CREATE TABLE "
                + partition
                + " (LIKE "
                + table
                + " INCLUDING ALL) WITH (autovacuum_enabled = off)");
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

  /**
   * Drops the partition of an hour if it has no rows, in a transaction of its own, and tells
   * whether it is gone. Gives up at once, for a later try, while somebody uses the table: waiting
   * for the lock would hold up everybody else behind. The hour must be past for whoever writes, by
   * a margin that covers the difference between clocks and the longest transaction.
   */
  boolean dropIfEmpty(Connection connection, long hour) throws SQLException {
    String partition = partition(hour);
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = " + LOCK_TIMEOUT_MS);
      boolean dropped = false;
      if (isTrue(statement, "SELECT to_regclass('" + partition + "') IS NULL")) {
        dropped = true;
      } else if (isTrue(statement, "SELECT NOT EXISTS (SELECT 1 FROM " + partition + ")")) {
        // The table first, as all who read and write do, and looked at again under the lock.
        statement.execute("LOCK TABLE ONLY " + table + " IN ACCESS EXCLUSIVE MODE");
        statement.execute("LOCK TABLE " + partition + " IN ACCESS EXCLUSIVE MODE");
        if (isTrue(statement, "SELECT NOT EXISTS (SELECT 1 FROM " + partition + ")")) {
          statement.execute("DROP TABLE " + partition);
          dropped = true;
        }
      }
      connection.commit();
      if (dropped) {
        known.remove(hour);
      }
      return dropped;
    } catch (SQLException e) {
      rollback(connection, e);
      if (SqlErrors.state(e).equals(SqlErrors.LOCK_NOT_AVAILABLE)) {
        return false;
      }
      throw e;
    } finally {
      if (!connection.isClosed()) {
        connection.setAutoCommit(true);
      }
    }
  }

  private static boolean isTrue(Statement statement, String query) throws SQLException {
    try (ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getBoolean(1);
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
