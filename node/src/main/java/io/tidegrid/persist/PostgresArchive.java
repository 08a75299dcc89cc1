package io.tidegrid.persist;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;

/** Reads samples through connections of the pool, each question in one snapshot. */
final class PostgresArchive implements SampleArchive {

  /** What is earlier is never accepted. */
  private static final long MIN_MS = 0;

  private final Database database;
  private final StoredSamples stored;

  PostgresArchive(Database database, StoredSamples stored) {
    this.database = database;
    this.stored = stored;
  }

  @Override
  public void read(
      long[] ids,
      int[] shards,
      long fromMs,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer) {
    long from = Math.max(fromMs, MIN_MS);
    long to = Math.min(toMs, StoredSamples.MAX_MS);
    if (ids.length > 0 && from <= to) {
      long deadline = System.nanoTime() + timeout.toNanos();
      run(deadline, connection -> stored.read(connection, ids, shards, from, to, consumer));
    }
  }

  @Override
  public void readLatest(
      long[] ids,
      int[] shards,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer) {
    long to = Math.min(toMs, StoredSamples.MAX_MS);
    if (ids.length > 0 && to >= MIN_MS) {
      long deadline = System.nanoTime() + timeout.toNanos();
      run(
          deadline,
          connection ->
              stored.readLatest(
                  connection, ids, shards, to, () -> setTimeLimit(connection, deadline), consumer));
    }
  }

  private void run(long deadline, JournalStore.Work work) {
    try (Connection connection = database.connection()) {
      connection.setAutoCommit(false);
      try {
        setTimeLimit(connection, deadline);
        StoredSamples.beginSnapshot(connection);
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
}
