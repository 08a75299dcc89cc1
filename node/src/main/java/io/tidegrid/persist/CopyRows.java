package io.tidegrid.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * Reads the rows of a query by COPY in binary form: a stream without fetch round trips in which
 * values keep their bits (the text form of a double loses the payload of a NaN).
 */
final class CopyRows {

  /** Takes one row. */
  @FunctionalInterface
  interface Sink {
    void accept(CopyRow row) throws SQLException;
  }

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private static final int HEADER_BYTES = 19;

  private CopyRows() {}

  /** Runs a query and returns the number of rows. */
  static long read(Connection connection, String query, Sink sink) throws SQLException {
    CopyOut copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyOut("COPY (" + query + ") TO STDOUT WITH (FORMAT binary)");
    CopyRow row = new CopyRow();
    long rows = 0;
    try {
      boolean first = true;
      for (byte[] bytes = copy.readFromCopy(); bytes != null; bytes = copy.readFromCopy()) {
        int at = 0;
        if (first) {
          at = HEADER_BYTES + (int) INT.get(bytes, HEADER_BYTES - 4);
          first = false;
        }
        // The server sends whole rows, the header with the first; after the last comes a trailer.
        while (at >= 0 && at < bytes.length) {
          at = row.take(bytes, at);
          if (at >= 0) {
            sink.accept(row);
            rows++;
          }
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
