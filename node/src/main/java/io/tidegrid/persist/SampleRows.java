package io.tidegrid.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * Reads rows of (series_id bigint, time timestamptz, value float8) by COPY in binary form: a stream
 * without fetch round trips in which values keep their bits (the text form of a double loses the
 * payload of a NaN).
 */
final class SampleRows {

  /** Takes one row. */
  @FunctionalInterface
  interface Row {
    void accept(long id, long timeMs, double value);
  }

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private static final int HEADER_BYTES = 19;
  private static final int ROW_BYTES = 2 + 3 * (4 + 8);

  private SampleRows() {}

  /** Runs a query of the three columns and returns the number of rows. */
  static long read(Connection connection, String query, Row row) throws SQLException {
    CopyOut copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyOut("COPY (" + query + ") TO STDOUT WITH (FORMAT binary)");
    long rows = 0;
    try {
      boolean first = true;
      for (byte[] bytes = copy.readFromCopy(); bytes != null; bytes = copy.readFromCopy()) {
        int at = 0;
        if (first) {
          at = HEADER_BYTES + (int) INT.get(bytes, HEADER_BYTES - 4);
          first = false;
        }
        // The server sends whole rows, the header with the first; the trailer is two bytes.
        while (bytes.length - at >= ROW_BYTES) {
          row.accept(
              (long) LONG.get(bytes, at + 6),
              (long) LONG.get(bytes, at + 18) / 1_000 + SampleCopy.POSTGRES_EPOCH_MS,
              Double.longBitsToDouble((long) LONG.get(bytes, at + 30)));
          at += ROW_BYTES;
          rows++;
        }
      }
      return rows;
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }
}
