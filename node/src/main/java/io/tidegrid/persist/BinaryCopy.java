package io.tidegrid.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * A stream of rows by COPY in PostgreSQL's binary form, from primitives straight into the bytes
 * that go out. Nothing else may use the connection until it ends. Not safe for use by many threads.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, binary format</a>
 */
final class BinaryCopy implements AutoCloseable {

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final byte[] HEADER =
      "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final int NULL = -1;

  private static final int ARRAY_HEAD_BYTES = 20;

  /** Object ids of the types of elements; the same in every PostgreSQL. */
  private static final int INT2 = 21;

  private static final int INT4 = 23;
  private static final int FLOAT8 = 701;
  private static final int BYTEA = 17;
  private static final int INT8 = 20;
  private static final int TEXT = 25;

  private final CopyIn copy;
  private final byte[] buffer = new byte[64 << 10];
  private int at;

  /**
   * Begins.
   *
   * @param into the table with the columns in parentheses
   */
  BinaryCopy(Connection connection, String into) throws SQLException {
    this.copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("COPY " + into + " FROM STDIN WITH (FORMAT binary)");
    System.arraycopy(HEADER, 0, buffer, 0, HEADER.length);
    at = HEADER.length;
  }

  /** Begins a row. */
  void row(int fields) throws SQLException {
    room(2);
    SHORT.set(buffer, at, (short) fields);
    at += 2;
  }

  void putShort(int value) throws SQLException {
    room(6);
    INT.set(buffer, at, 2);
    SHORT.set(buffer, at + 4, (short) value);
    at += 6;
  }

  void putInt(int value) throws SQLException {
    room(8);
    INT.set(buffer, at, 4);
    INT.set(buffer, at + 4, value);
    at += 8;
  }

  void putLong(long value) throws SQLException {
    room(12);
    INT.set(buffer, at, 8);
    LONG.set(buffer, at + 4, value);
    at += 12;
  }

  void putTime(long timeMs) throws SQLException {
    putLong(CopyRow.toMicros(timeMs));
  }

  void putNull() throws SQLException {
    room(4);
    INT.set(buffer, at, NULL);
    at += 4;
  }

  /** Writes an array of integer. */
  void putInts(int[] values, int count) throws SQLException {
    arrayHead(INT4, 4L * count, count);
    for (int i = 0; i < count; i++) {
      putInt(values[i]);
    }
  }

  /** Writes an array of smallint. */
  void putShorts(int[] values, int count) throws SQLException {
    arrayHead(INT2, 2L * count, count);
    for (int i = 0; i < count; i++) {
      putShort(values[i]);
    }
  }

  /** Writes three fields, arrays of smallint, integer and float8, of which two are null. */
  void putForms(DecimalColumn numbers) throws SQLException {
    int count = numbers.count();
    switch (numbers.form()) {
      case SMALL -> {
        arrayHead(INT2, 2L * count, count);
        for (int i = 0; i < count; i++) {
          putShort(numbers.integer(i));
        }
        putNull();
        putNull();
      }
      case MEDIUM -> {
        putNull();
        arrayHead(INT4, 4L * count, count);
        for (int i = 0; i < count; i++) {
          putInt(numbers.integer(i));
        }
        putNull();
      }
      case EXACT -> {
        putNull();
        putNull();
        arrayHead(FLOAT8, 8L * count, count);
        for (int i = 0; i < count; i++) {
          putLong(Double.doubleToRawLongBits(numbers.exact(i)));
        }
      }
    }
  }

  /** Writes an array of bytea. */
  void putBytes(byte[][] values, int count) throws SQLException {
    long bytes = 0;
    for (int i = 0; i < count; i++) {
      bytes += values[i].length;
    }
    arrayHead(BYTEA, bytes, count);
    for (int i = 0; i < count; i++) {
      room(4);
      INT.set(buffer, at, values[i].length);
      at += 4;
      put(values[i]);
    }
  }

  /** Writes text; also the content of json. */
  void putText(String text) throws SQLException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    room(4);
    INT.set(buffer, at, bytes.length);
    at += 4;
    put(bytes);
  }

  /** Writes an array of text. */
  void putTexts(List<String> texts) throws SQLException {
    byte[][] values = new byte[texts.size()][];
    long bytes = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = texts.get(i).getBytes(StandardCharsets.UTF_8);
      bytes += values[i].length;
    }
    if (values.length == 0) {
      emptyArray(TEXT);
      return;
    }
    arrayHead(TEXT, bytes, values.length);
    for (byte[] value : values) {
      room(4);
      INT.set(buffer, at, value.length);
      at += 4;
      put(value);
    }
  }

  /** Writes an array of bigint that is not empty. */
  void putLongs(long[] values) throws SQLException {
    arrayHead(INT8, 8L * values.length, values.length);
    for (long value : values) {
      putLong(value);
    }
  }

  /** An array without elements has no dimension either. */
  private void emptyArray(int type) throws SQLException {
    room(16);
    INT.set(buffer, at, 12);
    INT.set(buffer, at + 4, 0);
    INT.set(buffer, at + 8, 0);
    INT.set(buffer, at + 12, type);
    at += 16;
  }

  private void put(byte[] bytes) throws SQLException {
    int from = 0;
    while (from < bytes.length) {
      room(1);
      int part = Math.min(bytes.length - from, buffer.length - at);
      System.arraycopy(bytes, from, buffer, at, part);
      at += part;
      from += part;
    }
  }

  /** The field's length, one dimension, no nulls, the type, and that dimension from 1. */
  private void arrayHead(int type, long elementBytes, int count) throws SQLException {
    room(ARRAY_HEAD_BYTES + 4);
    INT.set(buffer, at, Math.toIntExact(ARRAY_HEAD_BYTES + elementBytes + 4L * count));
    INT.set(buffer, at + 4, 1);
    INT.set(buffer, at + 8, 0);
    INT.set(buffer, at + 12, type);
    INT.set(buffer, at + 16, count);
    INT.set(buffer, at + 20, 1);
    at += ARRAY_HEAD_BYTES + 4;
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

  /** Ends the stream; the rows are there, as far as the transaction is. */
  void finish() throws SQLException {
    room(2);
    SHORT.set(buffer, at, (short) -1);
    at += 2;
    flush();
    long ignored = copy.endCopy();
  }

  /** Gives up a stream that was not finished; the connection can be used again. */
  @Override
  public void close() throws SQLException {
    if (copy.isActive()) {
      copy.cancelCopy();
    }
  }
}
