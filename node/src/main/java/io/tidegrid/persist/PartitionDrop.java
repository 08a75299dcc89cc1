package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Takes partitions out of a table without holding up its readers and writers. DROP TABLE of a
 * partition locks the whole table exclusively: it waits for the longest transaction, and everybody
 * who comes later waits behind it. DETACH … CONCURRENTLY waits alone.
 */
final class PartitionDrop {

  /** How long to wait for transactions that use the table; the detach is finished another time. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private PartitionDrop() {}

  /**
   * Detaches a partition, or finishes doing so, whatever was left half done. The connection is in
   * auto-commit mode.
   *
   * @throws SQLException of class 57 or 55 when somebody uses the table for too long
   */
  static void detach(Connection connection, String table, String partition) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET statement_timeout = " + PATIENCE.toMillis());
      try {
        switch (state(statement, table, partition)) {
          case ATTACHED ->
              statement.execute(
                  "ALTER TABLE " + table + " DETACH PARTITION " + partition + " CONCURRENTLY");
          case PENDING ->
              statement.execute(
                  "ALTER TABLE " + table + " DETACH PARTITION " + partition + " FINALIZE");
          case DETACHED -> {}
        }
      } finally {
        if (!connection.isClosed()) {
          statement.execute("RESET statement_timeout");
        }
      }
    }
  }

  private enum State {
    ATTACHED,
    PENDING,
    DETACHED
  }

  private static State state(Statement statement, String table, String partition)
      throws SQLException {
    try (ResultSet result =
        statement.executeQuery(
            "SELECT inhdetachpending FROM pg_inherits WHERE inhparent = '"
                + table
                + "'::regclass AND inhrelid = to_regclass('"
                + partition
                + "')")) {
      return !result.next()
          ? State.DETACHED
          : result.getBoolean(1) ? State.PENDING : State.ATTACHED;
    }
  }

  /** Tells whether a partition is part of the table and nobody has begun to take it out. */
  static boolean isAttached(Connection connection, String table, String partition)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return state(statement, table, partition) == State.ATTACHED;
    }
  }
}
