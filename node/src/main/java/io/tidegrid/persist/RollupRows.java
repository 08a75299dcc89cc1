package io.tidegrid.persist;

import io.tidegrid.tier.RollupColumns;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;

/** Reads rows of the tables of rollups. */
final class RollupRows {

  /** The columns that are always read, in this order; {@code histograms} may follow. */
  static final String COLUMNS =
      "series_id, block, seq, n, first_window, count, first_ms, last_ms, level_scale, sum_scale,"
          + " increase_scale, level_base, sum_base, increase_base, windows, counts, edges, resets,"
          + " level_small, level_medium, level_exact, sum_small, sum_medium, sum_exact,"
          + " increase_small, increase_medium, increase_exact";

  private static final int SERIES_ID = 0;
  private static final int BLOCK = 1;
  private static final int N = 3;
  private static final int FIRST_WINDOW = 4;
  private static final int COUNT = 5;
  private static final int FIRST_MS = 6;
  private static final int LAST_MS = 7;
  private static final int LEVEL_SCALE = 8;
  private static final int SUM_SCALE = 9;
  private static final int INCREASE_SCALE = 10;
  private static final int LEVEL_BASE = 11;
  private static final int SUM_BASE = 12;
  private static final int INCREASE_BASE = 13;
  private static final int WINDOWS = 14;
  private static final int COUNTS = 15;
  private static final int EDGES = 16;
  private static final int RESETS = 17;
  private static final int LEVELS = 18;
  private static final int SUMS = 21;
  private static final int INCREASES = 24;
  private static final int HISTOGRAMS = 27;

  private static final byte[] NO_HISTOGRAM = {};

  private RollupRows() {}

  /**
   * Runs a query of {@link #COLUMNS}, ordered by series and block, and calls the consumer once for
   * each series that has windows in the range.
   *
   * @param histograms whether the query has the column {@code histograms} at its end
   */
  static void read(
      Connection connection,
      String query,
      long windowMs,
      boolean histograms,
      long fromMs,
      long toMs,
      RollupArchive.Consumer consumer)
      throws SQLException {
    Reader reader = new Reader(windowMs, histograms, fromMs, toMs, consumer);
    long ignored = CopyRows.read(connection, query, reader);
    reader.end();
  }

  /** Gathers the rows of one series. */
  private static final class Reader implements CopyRows.Sink {

    private final long windowMs;
    private final boolean histograms;
    private final long fromMs;
    private final long toMs;
    private final RollupArchive.Consumer consumer;
    private final RollupColumns gathered = new RollupColumns();
    private double[] levels = new double[512];
    private double[] sums = new double[128];
    private double[] increases = new double[128];
    private byte[][] encoded = new byte[128][];
    private long seriesId;

    Reader(
        long windowMs,
        boolean histograms,
        long fromMs,
        long toMs,
        RollupArchive.Consumer consumer) {
      this.windowMs = windowMs;
      this.histograms = histograms;
      this.fromMs = fromMs;
      this.toMs = toMs;
      this.consumer = consumer;
      Arrays.fill(encoded, NO_HISTOGRAM);
    }

    void end() {
      if (gathered.size() > 0) {
        consumer.accept(seriesId, gathered);
        gathered.clear();
      }
    }

    @Override
    public void accept(CopyRow row) throws SQLException {
      long id = row.getLong(SERIES_ID);
      if (id != seriesId) {
        end();
        seriesId = id;
      }
      int n = row.getInt(N);
      ensureRoom(n);
      boolean rising = levelCount(row) == 2 * n;
      numbers(row, LEVELS, LEVEL_SCALE, LEVEL_BASE, rising ? 2 * n : 4 * n, levels);
      numbers(row, SUMS, SUM_SCALE, SUM_BASE, n, sums);
      increases(row, n);
      if (histograms) {
        check(row, HISTOGRAMS, n);
        row.bytesOf(HISTOGRAMS, encoded);
      }
      add(row, n, rising ? 0 : 2 * n);
    }

    private void add(CopyRow row, int n, int leastFrom) throws SQLException {
      boolean gaps = checked(row, WINDOWS, n);
      boolean counted = checked(row, COUNTS, n);
      boolean edged = checked(row, EDGES, 2 * n);
      boolean reset = checked(row, RESETS, n);
      long block = row.getTime(BLOCK);
      int firstWindow = row.getInt(FIRST_WINDOW);
      for (int i = 0; i < n; i++) {
        long start = block + (gaps ? row.shortAt(WINDOWS, i) : firstWindow + i) * windowMs;
        if (start < fromMs || start >= toMs) {
          continue;
        }
        gathered.add(
            start,
            counted ? row.intAt(COUNTS, i) : row.getInt(COUNT),
            sums[i],
            levels[leastFrom + i],
            levels[leastFrom + n + i],
            levels[i],
            start + (edged ? row.intAt(EDGES, i) : row.getInt(FIRST_MS)),
            levels[n + i],
            start + (edged ? row.intAt(EDGES, n + i) : row.getInt(LAST_MS)),
            increases[i],
            reset ? row.intAt(RESETS, i) : 0,
            encoded[i]);
      }
    }

    private static int levelCount(CopyRow row) throws SQLException {
      for (int form = 0; form < 3; form++) {
        if (!row.isNull(LEVELS + form)) {
          return row.length(LEVELS + form);
        }
      }
      throw corrupt(row, "no levels");
    }

    private void increases(CopyRow row, int n) throws SQLException {
      if (row.isNull(INCREASES) && row.isNull(INCREASES + 1) && row.isNull(INCREASES + 2)) {
        for (int i = 0; i < n; i++) {
          increases[i] = levels[n + i] - levels[i];
        }
      } else {
        numbers(row, INCREASES, INCREASE_SCALE, INCREASE_BASE, n, increases);
      }
    }

    private void ensureRoom(int n) {
      if (sums.length < n) {
        levels = new double[4 * n];
        sums = new double[n];
        increases = new double[n];
        encoded = new byte[n][];
        Arrays.fill(encoded, NO_HISTOGRAM);
      }
    }
  }

  private static void numbers(
      CopyRow row, int small, int scaleField, int baseField, int count, double[] into)
      throws SQLException {
    if (!row.isNull(small + 2)) {
      check(row, small + 2, count);
      for (int i = 0; i < count; i++) {
        into[i] = row.doubleAt(small + 2, i);
      }
      return;
    }
    int scale = row.getShort(scaleField);
    if (scale < 0 || scale > DecimalColumn.MAX_SCALE) {
      throw corrupt(row, "scale " + scale);
    }
    double power = DecimalColumn.power(scale);
    long base = row.getLong(baseField);
    if (!row.isNull(small)) {
      check(row, small, count);
      for (int i = 0; i < count; i++) {
        into[i] = (base + row.shortAt(small, i)) / power;
      }
    } else {
      check(row, small + 1, count);
      for (int i = 0; i < count; i++) {
        into[i] = (base + row.intAt(small + 1, i)) / power;
      }
    }
  }

  /** Tells whether an array is there; then it has the given length. */
  private static boolean checked(CopyRow row, int field, int count) throws SQLException {
    if (row.isNull(field)) {
      return false;
    }
    check(row, field, count);
    return true;
  }

  private static void check(CopyRow row, int field, int count) throws SQLException {
    if (row.isNull(field) || row.length(field) != count) {
      throw corrupt(row, "column " + field);
    }
  }

  private static SQLException corrupt(CopyRow row, String what) {
    return new SQLException(
        "the rollups of series "
            + row.getLong(SERIES_ID)
            + " in block "
            + row.getTime(BLOCK)
            + " do not fit together: "
            + what,
        "XX001");
  }
}
