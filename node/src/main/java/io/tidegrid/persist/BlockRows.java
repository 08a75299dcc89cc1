package io.tidegrid.persist;

import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.SQLException;

/** Reads rows of the table {@code blocks}. */
final class BlockRows {

  /** The columns that {@link #read} wants, in this order. */
  static final String COLUMNS =
      "series_id, block, seq, first_ms, step_ms, n, scale, base, offsets, small, medium, exact";

  private static final int SERIES_ID = 0;
  private static final int BLOCK = 1;
  private static final int SEQ = 2;
  private static final int FIRST_MS = 3;
  private static final int STEP_MS = 4;
  private static final int N = 5;
  private static final int SCALE = 6;
  private static final int BASE = 7;
  private static final int OFFSETS = 8;
  private static final int SMALL = 9;
  private static final int MEDIUM = 10;
  private static final int EXACT = 11;

  /** As far as powers of ten are doubles, so that a division rounds once. */
  private static final double[] POWERS = new double[23];

  static {
    double power = 1;
    for (int e = 0; e < POWERS.length; e++) {
      POWERS[e] = power;
      power *= 10;
    }
  }

  private BlockRows() {}

  /**
   * Runs a query of {@link #COLUMNS}, hands over the samples of each row, and returns the number of
   * rows.
   */
  static long read(Connection connection, String query, CompactedSamples.Sink sink)
      throws SQLException {
    SampleBuffer buffer = new SampleBuffer();
    return CopyRows.read(
        connection,
        query,
        row -> {
          buffer.clear();
          decode(row, buffer);
          sink.accept(row.getLong(SERIES_ID), row.getLong(SEQ), buffer);
        });
  }

  private static void decode(CopyRow row, SampleBuffer into) throws SQLException {
    int n = row.getInt(N);
    into.ensureRoom(n);
    times(row, n, into.times());
    values(row, n, into.values());
    into.size(n);
  }

  private static void times(CopyRow row, int n, long[] times) throws SQLException {
    long block = row.getTime(BLOCK);
    if (row.isNull(OFFSETS)) {
      long first = block + row.getInt(FIRST_MS);
      long step = row.getInt(STEP_MS);
      for (int i = 0; i < n; i++) {
        times[i] = first + i * step;
      }
    } else {
      check(row, OFFSETS, n);
      for (int i = 0; i < n; i++) {
        times[i] = block + row.intAt(OFFSETS, i);
      }
    }
  }

  private static void values(CopyRow row, int n, double[] values) throws SQLException {
    if (!row.isNull(EXACT)) {
      check(row, EXACT, n);
      for (int i = 0; i < n; i++) {
        values[i] = row.doubleAt(EXACT, i);
      }
      return;
    }
    int scale = row.getShort(SCALE);
    if (scale < 0 || scale >= POWERS.length) {
      throw corrupt(row, "scale " + scale);
    }
    double power = POWERS[scale];
    long base = row.getLong(BASE);
    if (!row.isNull(SMALL)) {
      check(row, SMALL, n);
      for (int i = 0; i < n; i++) {
        values[i] = (base + row.shortAt(SMALL, i)) / power;
      }
    } else {
      check(row, MEDIUM, n);
      for (int i = 0; i < n; i++) {
        values[i] = (base + row.intAt(MEDIUM, i)) / power;
      }
    }
  }

  private static void check(CopyRow row, int field, int n) throws SQLException {
    if (row.isNull(field) || row.length(field) != n) {
      throw corrupt(row, "column " + field);
    }
  }

  private static SQLException corrupt(CopyRow row, String what) {
    return new SQLException(
        "the row of series "
            + row.getLong(SERIES_ID)
            + " in block "
            + row.getTime(BLOCK)
            + " does not fit together: "
            + what,
        "XX001");
  }
}
