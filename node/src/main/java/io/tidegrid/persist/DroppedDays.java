package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/**
 * The days of which retention has dropped raw samples: in the table {@code raw_dropped}, and in
 * memory as of the last look. Safe for use by many threads.
 */
final class DroppedDays {

  private volatile Set<Long> days = Set.of();

  /** Tells whether samples were dropped of the day of a time, as of the last look. */
  boolean contains(long timeMs) {
    return days.contains(HourPartitions.dayOf(timeMs));
  }

  /** Looks at the table. */
  void refresh(Connection connection) throws SQLException {
    Set<Long> found = new HashSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT (extract(epoch FROM day) * 1000)::bigint FROM raw_dropped")) {
      while (result.next()) {
        found.add(HourPartitions.dayOf(result.getLong(1)));
      }
    }
    days = Set.copyOf(found);
  }

  /** Enters the days of a range; those that were not known yet are returned. */
  static Set<Instant> add(Connection connection, Instant from, Instant to) throws SQLException {
    Set<Instant> added = new HashSet<>();
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO raw_dropped (day) SELECT d FROM generate_series(date_bin('1 day', ?::timestamptz,"
                + " 'epoch'), ?::timestamptz - interval '1 ms', '1 day') AS d ON CONFLICT DO NOTHING RETURNING"
                + " day")) {
      insert.setTimestamp(1, Timestamp.from(from));
      insert.setTimestamp(2, Timestamp.from(to));
      try (ResultSet result = insert.executeQuery()) {
        while (result.next()) {
          added.add(result.getTimestamp(1).toInstant());
        }
      }
    }
    return added;
  }

  /** Takes days out again of which nothing was dropped after all. */
  static void remove(Connection connection, Set<Instant> added) throws SQLException {
    try (PreparedStatement delete =
        connection.prepareStatement("DELETE FROM raw_dropped WHERE day = ?")) {
      for (Instant day : added) {
        delete.setTimestamp(1, Timestamp.from(day));
        delete.addBatch();
      }
      delete.executeBatch();
    }
  }
}
