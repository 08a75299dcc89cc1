package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.SQLException;

/** Writes rows of {@code blocks}. Not safe for use by many threads. */
final class BlockCopy implements CompactedWriter.Rows {

  private static final int FIELDS = 12;

  private final BinaryCopy copy;
  private final long blockMs;
  private final BlockColumns columns = new BlockColumns();
  private long samples;

  BlockCopy(Connection connection, String table, long blockMs) throws SQLException {
    this.blockMs = blockMs;
    this.copy = new BinaryCopy(connection, table + " (" + BlockRows.COLUMNS + ")");
  }

  @Override
  public void write(
      long seriesId, long sequence, long[] times, double[] values, int from, int count)
      throws SQLException {
    columns.take(blockMs, times, values, from, count);
    samples += count;
    copy.row(FIELDS);
    copy.putLong(seriesId);
    copy.putTime(blockMs);
    copy.putLong(sequence);
    copy.putInt(columns.firstMs());
    copy.putInt(columns.stepMs());
    copy.putInt(count);
    copy.putShort(columns.values().scale());
    copy.putLong(columns.values().base());
    if (columns.stepMs() == 0) {
      copy.putInts(columns.offsets(), count);
    } else {
      copy.putNull();
    }
    copy.putForms(columns.values());
  }

  @Override
  public long finish() throws SQLException {
    copy.finish();
    return samples;
  }

  @Override
  public void close() throws SQLException {
    copy.close();
  }
}
