package io.tidegrid.persist;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Reads events from PostgreSQL, each time in one transaction with a time limit. */
final class PostgresEventArchive implements EventArchive {

  private final Database database;
  private final EventTable table = new EventTable();

  PostgresEventArchive(Database database) {
    this.database = database;
  }

  @Override
  public Map<Integer, Long> known(String tenant, List<Event> events, Duration timeout) {
    return run(timeout, connection -> table.known(connection, tenant, events));
  }

  @Override
  public OptionalLong latestTime(long receivedFromMs, Duration timeout) {
    return run(timeout, connection -> table.latestTime(connection, receivedFromMs));
  }

  @Override
  public List<Event> ofDevice(
      String tenant, String device, long fromMs, long toMs, int limit, Duration timeout) {
    return run(
        timeout, connection -> table.ofDevice(connection, tenant, device, fromMs, toMs, limit));
  }

  @Override
  public List<Event> tagged(
      String tenant, String tag, long fromMs, long toMs, int limit, Duration timeout) {
    return run(timeout, connection -> table.tagged(connection, tenant, tag, fromMs, toMs, limit));
  }

  /** Some reading. */
  @FunctionalInterface
  private interface Reading<T> {
    T with(Connection connection) throws SQLException;
  }

  private <T> T run(Duration timeout, Reading<T> reading) {
    try (Connection connection = database.readConnection()) {
      connection.setAutoCommit(false);
      try {
        try (Statement statement = connection.createStatement()) {
          long ms = Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE);
          statement.execute("SET LOCAL statement_timeout = " + ms);
        }
        T result = reading.with(connection);
        connection.commit();
        return result;
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
            "reading events from the database took too long; ask for a shorter range",
            List.of(),
            Duration.ZERO,
            e);
      }
      throw new TidegridException(
          ErrorCode.STORAGE_AWAY,
          "the database, which alone knows older events, cannot be read now; send the same again",
          List.of(),
          Duration.ofSeconds(5),
          e);
    }
  }
}
