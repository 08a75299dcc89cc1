package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.BitSet;

/** What the database holds of the samples of a {@link SampleWriter}, read by plain SQL. */
final class StoredSamples {

  /** Where samples are written first. */
  static final String TABLE = "samples";

  /** The condition of a trigger on {@link #TABLE} that a new row holds a value. */
  static final String HOLDS_VALUE = "NEW.value = %s";

  private static final String ALL =
      """
      SELECT s.value::bigint
        FROM samples s JOIN series USING (series_id)
       WHERE metric = 'm' AND labels ->> 'writer' = ?\
      """;

  /** Counts the stored samples of a metric. */
  static final String COUNT_OF_METRIC =
      "SELECT count(*) FROM samples JOIN series USING (series_id) WHERE metric = '%s'";

  private StoredSamples() {}

  /** Returns the numbers of the samples that are stored; fails on one that is there twice. */
  static BitSet of(Connection connection, String writer) throws SQLException {
    BitSet found = new BitSet();
    try (PreparedStatement select = connection.prepareStatement(ALL)) {
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
