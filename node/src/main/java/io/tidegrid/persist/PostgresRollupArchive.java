package io.tidegrid.persist;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;

/** Reads rollups through connections of the pool. */
final class PostgresRollupArchive implements RollupArchive {

  /** What is earlier is never accepted. */
  private static final long MIN_MS = 0;

  private final Database database;
  private final DroppedDays droppedDays;
  private final InstantSource clock;
  private volatile RetentionOptions retention = RetentionOptions.DEFAULT;

  PostgresRollupArchive(Database database, DroppedDays droppedDays, InstantSource clock) {
    this.database = database;
    this.droppedDays = droppedDays;
    this.clock = clock;
  }

  void retention(RetentionOptions options) {
    retention = options;
  }

  @Override
  public void read(
      Tier tier,
      long[] ids,
      long fromMs,
      long toMs,
      boolean histograms,
      Duration timeout,
      Consumer consumer) {
    long from = Math.max(fromMs, MIN_MS);
    long to = Math.min(toMs, StoredSamples.MAX_MS);
    if (ids.length == 0 || from >= to) {
      return;
    }
    RollupTable table = RollupTable.of(tier);
    try (Connection connection = database.readConnection()) {
      connection.setAutoCommit(false);
      try {
        setLimits(connection, timeout);
        RollupRows.read(
            connection,
            query(table, ids, from, to, histograms),
            tier.windowMs(),
            histograms,
            from,
            to,
            consumer);
        connection.commit();
      } catch (SQLException | RuntimeException e) {
        HourPartitions.rollback(connection, e);
        throw e;
      } finally {
        if (!connection.isClosed()) {
          connection.setAutoCommit(true);
        }
      }
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  /**
   * In the order of the primary key, which gives the rows of a series together without sorting. Of
   * a single series by equality, which the planner knows to be few rows.
   */
  private static String query(
      RollupTable table, long[] ids, long fromMs, long toMs, boolean histograms) {
    long[] sorted = ids.clone();
    Arrays.sort(sorted);
    String series =
        ids.length == 1
            ? "series_id = '" + ids[0] + "'::bigint"
            : "series_id = ANY (" + SqlText.array(sorted) + ")";
    return "SELECT "
        + RollupRows.COLUMNS
        + (histograms ? ", histograms" : "")
        + " FROM "
        + table.table()
        + " WHERE "
        + series
        + " AND block >= "
        + SqlText.time(table.spanOf(fromMs))
        + " AND block <= "
        + SqlText.time(table.spanOf(toMs - 1))
        + " ORDER BY series_id, block";
  }

  private static void setLimits(Connection connection, Duration timeout) throws SQLException {
    long left = timeout.toMillis();
    if (left <= 0) {
      throw new SQLException("no time left", "57014");
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SET LOCAL statement_timeout = "
              + Math.min(left, Integer.MAX_VALUE)
              // Rows are looked up by the primary key; what the planner thinks of the rest is
              // guesswork about arrays, and compiling takes longer than reading.
              + "; SET LOCAL enable_seqscan = off; SET LOCAL jit = off");
    }
  }

  private static TidegridException failed(SQLException e) {
    if (SqlErrors.isTimeout(e)) {
      return new TidegridException(
          ErrorCode.QUERY_TIMEOUT,
          "reading rollups from the database took too long; ask for a shorter range or a longer"
              + " step",
          List.of(),
          Duration.ZERO,
          e);
    }
    return new TidegridException(
        ErrorCode.STORAGE_AWAY,
        "the range needs rollups that only the database has, and it cannot be read now",
        List.of(),
        Duration.ofSeconds(5),
        e);
  }

  @Override
  public boolean isRawDropped(long timeMs) {
    return droppedDays.contains(timeMs);
  }

  @Override
  public long keptFromMs(Tier tier) {
    Duration keep = retention.longest().of(tier);
    return keep.isZero()
        ? Long.MIN_VALUE
        : tier.startOf(clock.instant().minus(keep).toEpochMilli());
  }
}
