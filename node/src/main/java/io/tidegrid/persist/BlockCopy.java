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
 * Writes rows of {@code blocks} by COPY in PostgreSQL's binary form, from primitive columns
 * straight into the bytes that go out. Not safe for use by many threads.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, binary format</a>
 */
final class BlockCopy implements CompactedWriter.Rows {

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final byte[] HEADER =
      "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final short FIELDS = 12;
  private static final int NULL = -1;

  /** More than the fields before the arrays take, and any array's head. */
  private static final int HEAD_BYTES = 128;

  private static final int ARRAY_HEAD_BYTES = 20;

  /** Object ids of the types int2, int4 and float8. */
  private static final int INT2 = 21;

  private static final int INT4 = 23;
  private static final int FLOAT8 = 701;

  private final CopyIn copy;
  private final long blockMs;
  private final BlockColumns columns = new BlockColumns();
  private final byte[] buffer = new byte[64 << 10];
  private int at;
  private long samples;

  BlockCopy(Connection connection, String table, long blockMs) throws SQLException {
    this.blockMs = blockMs;
    this.copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY "
                    + table
                    + " (series_id, block, seq, first_ms, step_ms, n, scale, base, offsets, small,"
                    + " medium, exact) FROM STDIN WITH (FORMAT binary)");
    System.arraycopy(HEADER, 0, buffer, 0, HEADER.length);
    at = HEADER.length;
  }

  @Override
  public void write(
      long seriesId, long sequence, long[] times, double[] values, int from, int count)
      throws SQLException {
    columns.take(blockMs, times, values, from, count);
    samples += count;
    room(HEAD_BYTES);
    putShort(FIELDS);
    putLong(seriesId);
    putLong(CopyRow.toMicros(blockMs));
    putLong(sequence);
    putInt(columns.firstMs());
    putInt(columns.stepMs());
    putInt(count);
    INT.set(buffer, at, 2);
    at += 4;
    putShort((short) columns.scale());
    putLong(columns.base());
    if (columns.stepMs() == 0) {
      arrayHead(INT4, 4, count);
      for (int i = 0; i < count; i++) {
        room(8);
        putInt(columns.offset(i));
      }
    } else {
      putNull();
    }
    switch (columns.form()) {
      case SMALL -> {
        smalls(count);
        putNull();
        putNull();
      }
      case MEDIUM -> {
        putNull();
        mediums(count);
        putNull();
      }
      case EXACT -> {
        putNull();
        putNull();
        exacts(count);
      }
    }
  }

  private void smalls(int count) throws SQLException {
    arrayHead(INT2, 2, count);
    for (int i = 0; i < count; i++) {
      room(6);
      INT.set(buffer, at, 2);
      SHORT.set(buffer, at + 4, (short) columns.integer(i));
      at += 6;
    }
  }

  private void mediums(int count) throws SQLException {
    arrayHead(INT4, 4, count);
    for (int i = 0; i < count; i++) {
      room(8);
      putInt(columns.integer(i));
    }
  }

  private void exacts(int count) throws SQLException {
    arrayHead(FLOAT8, 8, count);
    for (int i = 0; i < count; i++) {
      room(12);
      putLong(Double.doubleToRawLongBits(columns.exact(i)));
    }
  }

  /** The field's length, one dimension, no nulls, the type, and that dimension from 1. */
  private void arrayHead(int type, int elementBytes, int count) throws SQLException {
    room(ARRAY_HEAD_BYTES + 4);
    INT.set(
        buffer, at, Math.addExact(ARRAY_HEAD_BYTES, Math.multiplyExact(count, 4 + elementBytes)));
    INT.set(buffer, at + 4, 1);
    INT.set(buffer, at + 8, 0);
    INT.set(buffer, at + 12, type);
    INT.set(buffer, at + 16, count);
    INT.set(buffer, at + 20, 1);
    at += ARRAY_HEAD_BYTES + 4;
  }

  private void putShort(short value) {
    SHORT.set(buffer, at, value);
    at += 2;
  }

  private void putInt(int value) {
    INT.set(buffer, at, 4);
    INT.set(buffer, at + 4, value);
    at += 8;
  }

  private void putLong(long value) {
    INT.set(buffer, at, 8);
    LONG.set(buffer, at + 4, value);
    at += 12;
  }

  private void putNull() throws SQLException {
    room(4);
    INT.set(buffer, at, NULL);
    at += 4;
  }

  private void room(int bytes) throws SQLException {
    if (buffer.length - at < bytes) {
      flush();
    }
  }

  private void flush() throws SQLException {
    copy.writeToCopy(buffer, 0, at);
    at = 0;
  }

  @Override
  public long finish() throws SQLException {
    room(2);
    putShort((short) -1);
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
