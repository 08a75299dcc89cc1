package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.BitSet;

/** What the database holds of the samples of a {@link SampleWriter}, read by plain SQL. */
final class DatabaseSamples {

  /** Where samples are written first. */
  static final String TABLE = "recent";

  /** The condition of a trigger on {@link #TABLE} that a new row holds a value. */
  static final String HOLDS_VALUE = "%s = ANY (NEW.samples)";

  /** Every stored sample, as often as it is stored, whether compacted yet or not. */
  private static final String EVERY_SAMPLE =
      """
      (SELECT u.id AS series_id, u.value
         FROM recent, unnest(ids, samples) AS u (id, value)
       UNION ALL
       SELECT series_id, coalesce(exact[i], (base + coalesce(small[i], medium[i])) / 10.0 ^ scale)
         FROM blocks, generate_series(1, n) AS i)\
      """;

  private static final String ALL =
      "SELECT s.value::bigint FROM "
          + EVERY_SAMPLE
          + " AS s JOIN series USING (series_id) WHERE metric = 'm' AND labels ->> 'writer' = ?";

  /** Counts the stored samples of a metric. */
  static final String COUNT_OF_METRIC =
      "SELECT count(*) FROM "
          + EVERY_SAMPLE
          + " AS s JOIN series USING (series_id) WHERE metric = '%s'";

  private DatabaseSamples() {}

  /** Returns the numbers of the samples that are stored; fails on one that is there twice. */
  static BitSet of(Connection connection, String writer) throws SQLException {
    BitSet found = new BitSet();
    // Otherwise the driver takes all rows into memory.
    connection.setAutoCommit(false);
    try (PreparedStatement select = connection.prepareStatement(ALL)) {
      select.setFetchSize(10_000);
      select.setString(1, writer);
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          int n = rows.getInt(1);
          assertThat(found.get(n)).as("sample %d of %s is stored twice", n, writer).isFalse();
          found.set(n);
        }
      }
    }
    return found;
  }

  static void assertEachOnce(Connection connection, SampleWriter writer) throws SQLException {
    assertHolds(of(connection, writer.writer()), writer, "the database");
  }

  /** Fails unless all samples of acknowledged batches are among the numbers. */
  static void assertHolds(BitSet held, SampleWriter writer, String where) {
    for (SampleWriter.Acknowledged batch : writer.acknowledged()) {
      assertThat(held.nextClearBit(batch.first()))
          .as("batch %d of %s in %s", batch.first(), writer.writer(), where)
          .isGreaterThanOrEqualTo(batch.first() + SampleWriter.BATCH);
    }
  }
}
