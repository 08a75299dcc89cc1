package io.tidegrid.persist;

import io.tidegrid.tier.RollupColumns;
import java.sql.Connection;
import java.sql.SQLException;

/** Writes rows of one of the tables of rollups. Not safe for use by many threads. */
final class RollupCopy implements AutoCloseable {

  private static final int FIELDS = 28;

  private final BinaryCopy copy;
  private final RollupTable table;
  private final RollupRowColumns columns = new RollupRowColumns();
  private long rows;

  RollupCopy(Connection connection, RollupTable table) throws SQLException {
    this.table = table;
    this.copy =
        new BinaryCopy(connection, table.table() + " (" + RollupRows.COLUMNS + ", histograms)");
  }

  /** Writes the windows of a series in a span; none gives no row. */
  void write(long seriesId, long spanMs, long sequence, RollupColumns windows) throws SQLException {
    int n = windows.size();
    if (n == 0) {
      return;
    }
    columns.take(spanMs, table.spanMs(), table.tier().windowMs(), windows, 0, n);
    rows++;
    copy.row(FIELDS);
    copy.putLong(seriesId);
    copy.putTime(spanMs);
    copy.putLong(sequence);
    copy.putInt(n);
    copy.putInt(columns.windows()[0]);
    copy.putInt(columns.hasEqualCounts() ? columns.counts()[0] : 0);
    copy.putInt(columns.edges()[0]);
    copy.putInt(columns.edges()[n]);
    copy.putShort(columns.levels().scale());
    copy.putShort(columns.sums().scale());
    copy.putShort(columns.increases().scale());
    copy.putLong(columns.levels().base());
    copy.putLong(columns.sums().base());
    copy.putLong(columns.increases().base());
    if (columns.hasGaps()) {
      copy.putShorts(columns.windows(), n);
    } else {
      copy.putNull();
    }
    ints(!columns.hasEqualCounts(), columns.counts(), n);
    ints(!columns.hasEqualEdges(), columns.edges(), 2 * n);
    ints(columns.hasResets(), columns.resets(), n);
    copy.putForms(columns.levels());
    copy.putForms(columns.sums());
    if (columns.hasImpliedIncreases()) {
      copy.putNull();
      copy.putNull();
      copy.putNull();
    } else {
      copy.putForms(columns.increases());
    }
    copy.putBytes(windows.histograms(), n);
  }

  private void ints(boolean there, int[] values, int count) throws SQLException {
    if (there) {
      copy.putInts(values, count);
    } else {
      copy.putNull();
    }
  }

  /** Ends the stream and returns the number of rows. */
  long finish() throws SQLException {
    copy.finish();
    return rows;
  }

  @Override
  public void close() throws SQLException {
    copy.close();
  }
}
