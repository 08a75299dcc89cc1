package io.tidegrid.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Writes rows of the hypertable {@code samples} by COPY in PostgreSQL's binary form, from primitive
 * columns straight into the bytes that go out. Not safe for use by many threads.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, binary format</a>
 */
final class HypertableCopy implements CompactedWriter.Rows {

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final byte[] HEADER =
      "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final short FIELDS = 6;
  private static final int NULL = -1;

  /** The number of fields, and all of them with their lengths. */
  private static final int MAX_ROW_BYTES = 2 + 6 * 12;

  private final CopyIn copy;
  private final SampleColumns columns = new SampleColumns();
  private final byte[] buffer = new byte[64 << 10];
  private int at;
  private long samples;

  /**
   * Begins to copy. Rows of a series must come in ascending order of time and series in ascending
   * order of id, and the table must hold none of these series between their times: the server then
   * compresses them as they come, and still knows their order.
   */
  HypertableCopy(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SET LOCAL timescaledb.enable_direct_compress_copy = on; SET LOCAL"
              + " timescaledb.enable_direct_compress_copy_client_sorted = on");
    }
    this.copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY samples (series_id, time, seq, number, divisor, exact) FROM STDIN WITH"
                    + " (FORMAT binary)");
    System.arraycopy(HEADER, 0, buffer, 0, HEADER.length);
    at = HEADER.length;
  }

  @Override
  public void write(
      long seriesId, long sequence, long[] times, double[] values, int from, int count)
      throws SQLException {
    columns.choose(values, from, count);
    long divisor = Double.doubleToRawLongBits(columns.divisor());
    for (int i = from; i < from + count; i++) {
      if (buffer.length - at < MAX_ROW_BYTES) {
        flush();
      }
      SHORT.set(buffer, at, FIELDS);
      at += 2;
      putLong(seriesId);
      putLong(CopyRow.toMicros(times[i]));
      putLong(sequence);
      if (columns.fits(values[i])) {
        putLong(columns.number(values[i]));
        putLong(divisor);
        putNull();
      } else {
        putNull();
        putNull();
        putLong(Double.doubleToRawLongBits(values[i]));
      }
    }
    samples += count;
  }

  private void putLong(long value) {
    INT.set(buffer, at, 8);
    LONG.set(buffer, at + 4, value);
    at += 12;
  }

  private void putNull() {
    INT.set(buffer, at, NULL);
    at += 4;
  }

  private void flush() throws SQLException {
    copy.writeToCopy(buffer, 0, at);
    at = 0;
  }

  @Override
  public long finish() throws SQLException {
    if (buffer.length - at < 2) {
      flush();
    }
    SHORT.set(buffer, at, (short) -1);
    at += 2;
    flush();
    long ignored = copy.endCopy();
    return samples;
  }

  @Override
  public void close() throws SQLException {
    if (copy.isActive()) {
      copy.cancelCopy();
    }
  }
}
