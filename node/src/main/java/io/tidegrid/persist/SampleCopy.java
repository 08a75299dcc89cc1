package io.tidegrid.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Writes rows of (series_id, time, value, seq) by COPY in PostgreSQL's binary form, from primitive
 * columns straight into the bytes that go out. Values keep their bits.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, binary format</a>
 */
final class SampleCopy implements AutoCloseable {

  /** Milliseconds from 1970 to PostgreSQL's own year zero, 2000. */
  static final long POSTGRES_EPOCH_MS = 946_684_800_000L;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final byte[] HEADER =
      "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] TRAILER = {-1, -1};

  private static final int FIELDS = 4;
  private static final int ROW_BYTES = 2 + FIELDS * (4 + 8);
  private static final int ROWS = 2_600;

  private final CopyIn copy;

  /** Rows whose field counts and lengths are already in place. */
  private final byte[] buffer = new byte[ROWS * ROW_BYTES];

  private int at;

  /**
   * @param table one with these four columns first
   */
  SampleCopy(Connection connection, String table) throws SQLException {
    for (int row = 0; row < buffer.length; row += ROW_BYTES) {
      buffer[row + 1] = FIELDS;
      for (int field = 0; field < FIELDS; field++) {
        buffer[row + 2 + field * 12 + 3] = 8;
      }
    }
    copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY " + table + " (series_id, time, value, seq) FROM STDIN WITH (FORMAT binary)");
    copy.writeToCopy(HEADER, 0, HEADER.length);
  }

  /** Writes rows {@code 0..size-1} of the columns, all of one sequence. */
  void write(long[] ids, long[] times, double[] values, int size, long sequence)
      throws SQLException {
    int to = at;
    byte[] bytes = buffer;
    for (int i = 0; i < size; i++) {
      LONG.set(bytes, to + 6, ids[i]);
      LONG.set(bytes, to + 18, (times[i] - POSTGRES_EPOCH_MS) * 1_000);
      LONG.set(bytes, to + 30, Double.doubleToRawLongBits(values[i]));
      LONG.set(bytes, to + 42, sequence);
      to += ROW_BYTES;
      if (to == bytes.length) {
        copy.writeToCopy(bytes, 0, to);
        to = 0;
      }
    }
    at = to;
  }

  /** Ends the COPY. */
  void finish() throws SQLException {
    if (at > 0) {
      copy.writeToCopy(buffer, 0, at);
    }
    copy.writeToCopy(TRAILER, 0, TRAILER.length);
    long ignored = copy.endCopy();
  }

  /** Cancels the COPY unless it is over; a connection cannot be used while one is open. */
  @Override
  public void close() throws SQLException {
    if (copy.isActive()) {
      copy.cancelCopy();
    }
  }
}
