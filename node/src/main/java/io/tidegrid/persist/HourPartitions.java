package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Collection;
import java.util.NavigableSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The partitions of one table, each of an hour or of a day. An hour, or a day, is named by its
 * number since 1970. Safe for use by many threads.
 */
final class HourPartitions {

  static final long HOUR_MS = 3_600_000L;

  static final long DAY_MS = 24 * HOUR_MS;

  private static final DateTimeFormatter HOUR_SUFFIX =
      DateTimeFormatter.ofPattern("uuuuMMddHH").withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY_SUFFIX =
      DateTimeFormatter.ofPattern("uuuuMMdd").withZone(ZoneOffset.UTC);

  private final String table;
  private final boolean appendOnly;
  private final long stepMs;
  private final DateTimeFormatter suffix;
  private final Set<Long> known = ConcurrentHashMap.newKeySet();

  /**
   * @param appendOnly whether rows are never changed or deleted one by one
   */
  HourPartitions(String table, boolean appendOnly) {
    this(table, appendOnly, HOUR_MS, HOUR_SUFFIX);
  }

  private HourPartitions(String table, boolean appendOnly, long stepMs, DateTimeFormatter suffix) {
    this.table = table;
    this.appendOnly = appendOnly;
    this.stepMs = stepMs;
    this.suffix = suffix;
  }

  /** Returns the partitions of a table whose partitions are days. */
  static HourPartitions days(String table, boolean appendOnly) {
    return new HourPartitions(table, appendOnly, DAY_MS, DAY_SUFFIX);
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
