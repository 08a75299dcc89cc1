package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.NavigableSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The partitions of one table, each of an hour, of a day, or of some days. An hour, or a day, is
 * named by its number since 1970. Safe for use by many threads.
 */
final class HourPartitions {

  static final long HOUR_MS = 3_600_000L;

  private static final int LOCK_TIMEOUT_MS = 100;

  static final long DAY_MS = 24 * HOUR_MS;

  private static final DateTimeFormatter HOUR_SUFFIX =
      DateTimeFormatter.ofPattern("uuuuMMddHH").withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY_SUFFIX =
      DateTimeFormatter.ofPattern("uuuuMMdd").withZone(ZoneOffset.UTC);

  private final String table;
  private final long stepMs;
  private final DateTimeFormatter suffix;
  private final Set<Long> known = ConcurrentHashMap.newKeySet();

  HourPartitions(String table) {
    this(table, HOUR_MS, HOUR_SUFFIX);
  }

  private HourPartitions(String table, long stepMs, DateTimeFormatter suffix) {
    this.table = table;
    this.stepMs = stepMs;
    this.suffix = suffix;
  }

  /** Returns the partitions of a table whose partitions are days. */
  static HourPartitions days(String table) {
    return ofDays(table, 1);
  }

  /**
   * Returns the partitions of a table whose partitions are several days, counted from 1970; each is
   * named by its first day.
   */
  static HourPartitions ofDays(String table, int days) {
    return new HourPartitions(table, days * DAY_MS, DAY_SUFFIX);
  }

  /** Returns the number of the partition that a time belongs to. */
  long numberOf(long timeMs) {
    return Math.floorDiv(timeMs, stepMs);
  }

  /** Returns the start of a partition in milliseconds since 1970. */
  long startOf(long number) {
    return number * stepMs;
  }

  static long dayOf(long timeMs) {
    return Math.floorDiv(timeMs, DAY_MS);
  }

  static long hourOf(long timeMs) {
    return Math.floorDiv(timeMs, HOUR_MS);
  }

  /** Returns the start of an hour as an SQL literal. */
  static String literal(long hour) {
    return "'" + Instant.ofEpochMilli(hour * HOUR_MS) + "'::timestamptz";
  }

  private String bound(long number) {
    return "'" + Instant.ofEpochMilli(number * stepMs) + "'::timestamptz";
  }

  /** Returns the name of an hour's partition, whether it exists or not. */
  String partition(long hour) {
    return table + "_p" + suffix.format(Instant.ofEpochMilli(hour * stepMs));
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
        // Those of an hour are dropped before vacuum would gain anything; freezing them would
        // rewrite every page once.
        String storage = stepMs == HOUR_MS ? " WITH (autovacuum_enabled = off)" : "";
        statement.execute(
            "CREATE TABLE " + partition + " (LIKE " + table + " INCLUDING ALL)" + storage);
        attach(statement, hour);
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

  /** Attaches the table that {@link #partition} names. */
  void attach(Statement statement, long hour) throws SQLException {
    statement.execute(
        "ALTER TABLE "
            + table
            + " ATTACH PARTITION "
            + partition(hour)
            + " FOR VALUES FROM ("
            + bound(hour)
            + ") TO ("
            + bound(hour + 1)
            + ")");
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
        numberOf(result.getString(1)).ifPresent(hours::add);
      }
    }
    return hours;
  }

  /** Returns the hour, or day, of a partition by its name; empty for other names. */
  OptionalLong numberOf(String partition) {
    String digits = partition.substring(partition.lastIndexOf('p') + 1);
    boolean hours = stepMs == HOUR_MS;
    if (!partition.startsWith(table + "_p") || digits.length() < (hours ? 10 : 8)) {
      return OptionalLong.empty();
    }
    try {
      int end = digits.length() - (hours ? 2 : 0);
      Instant start =
          Instant.parse(
              digits.substring(0, end - 4)
                  + "-"
                  + digits.substring(end - 4, end - 2)
                  + "-"
                  + digits.substring(end - 2, end)
                  + "T"
                  + (hours ? digits.substring(end) : "00")
                  + ":00:00Z");
      return OptionalLong.of(Math.floorDiv(start.toEpochMilli(), stepMs));
    } catch (DateTimeParseException e) {
      return OptionalLong.empty();
    }
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
