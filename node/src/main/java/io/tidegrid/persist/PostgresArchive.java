package io.tidegrid.persist;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.function.BiConsumer;

/**
 * Reads samples from the hourly partitions and from the late ones, streamed in the order of series
 * and time. There is no index on recent rows, so the cost is that of scanning the hours of the
 * range, whatever the number of series.
 */
final class PostgresArchive implements SampleArchive {

  /** PostgreSQL's timestamps reach further; what is outside cannot have been stored. */
  private static final long MIN_MS = 0;

  private static final long MAX_MS = Instant.parse("2500-01-01T00:00:00Z").toEpochMilli();

  private final Database database;
  private final HourPartitions partitions;

  PostgresArchive(Database database, HourPartitions partitions) {
    this.database = database;
    this.partitions = partitions;
  }

  @Override
  public void read(
      long[] ids,
      long fromMs,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer) {
    long from = Math.max(fromMs, MIN_MS);
    long to = Math.min(toMs, MAX_MS);
    if (ids.length == 0 || from > to) {
      return;
    }
    String where =
        "series_id = ANY ("
            + array(ids, ids.length)
            + ") AND time >= "
            + literal(from)
            + " AND time <= "
            + literal(to);
    String query =
        "SELECT series_id, time, value FROM (SELECT * FROM samples WHERE "
            + where
            + " UNION ALL SELECT * FROM samples_late WHERE "
            + where
            + ") AS s ORDER BY series_id, time, seq";
    long deadline = System.nanoTime() + timeout.toNanos();
    PerSeries perSeries = new PerSeries(consumer);
    run(deadline, connection -> SampleRows.read(connection, query, perSeries));
    perSeries.end();
  }

  @Override
  public void readLatest(
      long[] ids, long toMs, Duration timeout, BiConsumer<Long, SampleBuffer> consumer) {
    long to = Math.min(toMs, MAX_MS);
    if (ids.length == 0 || to < MIN_MS) {
      return;
    }
    long deadline = System.nanoTime() + timeout.toNanos();
    Map<Long, Latest> found = new HashMap<>();
    run(deadline, connection -> searchLatest(connection, ids, to, deadline, found));
    SampleBuffer buffer = new SampleBuffer();
    found.forEach((id, latest) -> {
      buffer.clear();
      buffer.add(latest.timeMs(), latest.value());
      consumer.accept(id, buffer);
    });
  }

  private record Latest(long timeMs, double value) {}

  /**
   * Searches hour by hour from the newest, twice as many at each step, until every series is found.
   */
  private void searchLatest(
      Connection connection, long[] ids, long toMs, long deadline, Map<Long, Latest> found)
      throws SQLException {
    NavigableSet<Long> hours =
        partitions.existing(connection).headSet(HourPartitions.hourOf(toMs), true);
    long[] missing = ids.clone();
    int left = missing.length;
    long step = 1;
    while (left > 0 && !hours.isEmpty()) {
      long last = hours.last();
      long first = last;
      for (long taken = 0; taken < step && !hours.isEmpty(); taken++) {
        first = hours.pollLast();
      }
      // Late rows of these hours count too: one may have replaced the recent one.
      latestOf(
          connection,
          missing,
          left,
          first * HourPartitions.HOUR_MS,
          Math.min(toMs, (last + 1) * HourPartitions.HOUR_MS - 1),
          found);
      step *= 2;
      int kept = 0;
      for (int i = 0; i < left; i++) {
        if (!found.containsKey(missing[i])) {
          missing[kept++] = missing[i];
        }
      }
      left = kept;
      setTimeLimit(connection, deadline);
    }
    lateNewerThan(connection, ids, toMs, found);
  }

  private static void latestOf(
      Connection connection, long[] ids, int count, long fromMs, long toMs, Map<Long, Latest> found)
      throws SQLException {
    String where =
        "series_id = ANY ("
            + array(ids, count)
            + ") AND time >= "
            + literal(fromMs)
            + " AND time <= "
            + literal(toMs);
    long ignored =
        SampleRows.read(
            connection,
            "SELECT DISTINCT ON (series_id) series_id, time, value FROM (SELECT * FROM samples"
                + " WHERE "
                + where
                + " UNION ALL SELECT * FROM samples_late WHERE "
                + where
                + ") AS s ORDER BY series_id, time DESC, seq DESC",
            (id, timeMs, value) -> found.put(id, new Latest(timeMs, value)));
  }

  /** Late samples in hours that have no partition; by their index. */
  private static void lateNewerThan(
      Connection connection, long[] ids, long toMs, Map<Long, Latest> found) throws SQLException {
    String query =
        "SELECT l.series_id, l.time, l.value FROM unnest("
            + array(ids, ids.length)
            + ") AS k (id) CROSS JOIN LATERAL (SELECT series_id, time, value FROM samples_late"
            + " WHERE series_id = k.id AND time <= "
            + literal(toMs)
            + " ORDER BY time DESC LIMIT 1) AS l";
    long ignored =
        SampleRows.read(
            connection,
            query,
            (id, timeMs, value) -> {
              Latest latest = found.get(id);
              if (latest == null || timeMs > latest.timeMs()) {
                found.put(id, new Latest(timeMs, value));
              }
            });
  }

  private static String array(long[] ids, int count) {
    StringBuilder text = new StringBuilder(count * 20 + 16).append("'{");
    for (int i = 0; i < count; i++) {
      text.append(i == 0 ? "" : ",").append(ids[i]);
    }
    return text.append("}'::bigint[]").toString();
  }

  private static String literal(long timeMs) {
    return "'" + Instant.ofEpochMilli(timeMs) + "'::timestamptz";
  }

  private void run(long deadline, JournalStore.Work work) {
    try (Connection connection = database.readConnection()) {
      connection.setAutoCommit(false);
      try {
        setTimeLimit(connection, deadline);
        work.run(connection);
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
      if (SqlErrors.isTimeout(e)) {
        throw new TidegridException(
            ErrorCode.QUERY_TIMEOUT,
            "reading older samples from the database took too long; ask for a shorter range",
            List.of(),
            Duration.ZERO,
            e);
      }
      throw new TidegridException(
          ErrorCode.STORAGE_AWAY,
          "the range needs samples that only the database has, and it cannot be read now",
          List.of(),
          Duration.ofSeconds(5),
          e);
    }
  }

  private static void setTimeLimit(Connection connection, long deadline) throws SQLException {
    long left = (deadline - System.nanoTime()) / 1_000_000;
    if (left <= 0) {
      throw new SQLException("no time left", "57014");
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL statement_timeout = " + Math.min(left, Integer.MAX_VALUE));
    }
  }

  /** Gathers the rows of one series after another; of equal times the last row wins. */
  private static final class PerSeries implements SampleRows.Row {

    private final BiConsumer<Long, SampleBuffer> consumer;
    private final SampleBuffer buffer = new SampleBuffer();
    private long current;

    PerSeries(BiConsumer<Long, SampleBuffer> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void accept(long id, long timeMs, double value) {
      int size = buffer.size();
      if (size > 0 && id != current) {
        end();
        size = 0;
      }
      current = id;
      if (size > 0 && buffer.times()[size - 1] == timeMs) {
        buffer.values()[size - 1] = value;
      } else {
        buffer.add(timeMs, value);
      }
    }

    void end() {
      if (buffer.size() > 0) {
        consumer.accept(current, buffer);
        buffer.clear();
      }
    }
  }
}
