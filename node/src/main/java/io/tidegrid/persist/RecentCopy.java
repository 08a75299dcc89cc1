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
 * Writes rows of the table {@code recent} by COPY in PostgreSQL's binary form, from primitive
 * columns straight into the bytes that go out. Values keep their bits. Used by one thread.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, binary format</a>
 */
final class RecentCopy implements AutoCloseable {

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private static final byte[] HEADER =
      "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] TRAILER = {-1, -1};

  private static final short FIELDS = 8;

  /** What precedes the elements of an array of one dimension. */
  private static final int ARRAY_HEAD = 20;

  private static final int ELEMENT = 4 + 8;

  /** Object ids of element types; the same in every PostgreSQL. */
  private static final int INT8 = 20;

  private static final int TIMESTAMPTZ = 1184;
  private static final int FLOAT8 = 701;

  private final CopyIn copy;
  private final long committed;
  private final int shards;
  private final byte[] buffer = new byte[1 << 16];
  private int at;

  /**
   * @param committedMs the hour of commit
   * @param shards how many shards there are; 0 when that is not known
   */
  RecentCopy(Connection connection, long committedMs, int shards) throws SQLException {
    this.committed = CopyRow.toMicros(committedMs);
    this.shards = shards;
    copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY recent (committed, shards, shard, block, seq, ids, times, samples) FROM STDIN"
                    + " WITH (FORMAT binary)");
    System.arraycopy(HEADER, 0, buffer, 0, HEADER.length);
    at = HEADER.length;
  }

  /** Writes one row; the columns hold {@code size} samples, all of the block. */
  void write(int shard, long blockMs, long seq, long[] ids, long[] times, double[] values, int size)
      throws SQLException {
    ensureRoom(2 + 5 * 4 + 3 * 8 + 2 * 4);
    buffer[at++] = 0;
    buffer[at++] = (byte) FIELDS;
    putLong(committed);
    putInt(shards);
    putInt(shard);
    putLong(CopyRow.toMicros(blockMs));
    putLong(seq);
    putArrayHead(INT8, size);
    for (int i = 0; i < size; i++) {
      putElement(ids[i]);
    }
    putArrayHead(TIMESTAMPTZ, size);
    for (int i = 0; i < size; i++) {
      putElement(CopyRow.toMicros(times[i]));
    }
    putArrayHead(FLOAT8, size);
    for (int i = 0; i < size; i++) {
      putElement(Double.doubleToRawLongBits(values[i]));
    }
  }

  private void putArrayHead(int type, int size) throws SQLException {
    ensureRoom(4 + ARRAY_HEAD);
    int length = Math.addExact(ARRAY_HEAD, Math.multiplyExact(size, ELEMENT));
    INT.set(buffer, at, length);
    INT.set(buffer, at + 4, 1); // dimensions
    INT.set(buffer, at + 8, 0); // no nulls
    INT.set(buffer, at + 12, type);
    INT.set(buffer, at + 16, size);
    INT.set(buffer, at + 20, 1); // lower bound
    at += 4 + ARRAY_HEAD;
  }

  private void putElement(long bits) throws SQLException {
    if (at > buffer.length - ELEMENT) {
      send();
    }
    INT.set(buffer, at, 8);
    LONG.set(buffer, at + 4, bits);
    at += ELEMENT;
  }

  private void putLong(long value) {
    INT.set(buffer, at, 8);
    LONG.set(buffer, at + 4, value);
    at += 12;
  }

  private void putInt(int value) {
    INT.set(buffer, at, 4);
    INT.set(buffer, at + 4, value);
    at += 8;
  }

  private void ensureRoom(int bytes) throws SQLException {
    if (at > buffer.length - bytes) {
      send();
    }
  }

  private void send() throws SQLException {
    copy.writeToCopy(buffer, 0, at);
    at = 0;
  }

  /** Ends the COPY. */
  void finish() throws SQLException {
    send();
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
