package io.tidegrid.persist;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.sql.SQLException;
import java.util.Arrays;

/**
 * One row of a COPY in PostgreSQL's binary form, read in place. Fields are counted from 0. Valid
 * until the next row; used by one thread.
 */
final class CopyRow {

  /** Milliseconds from 1970 to PostgreSQL's own year zero, 2000. */
  private static final long POSTGRES_EPOCH_MS = 946_684_800_000L;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);

  /** What precedes the elements of an array of one dimension. */
  private static final int ARRAY_HEAD = 20;

  private byte[] bytes = {};
  private int[] starts = new int[16];
  private int fields;

  /** Returns PostgreSQL's form of a time. */
  static long toMicros(long timeMs) {
    return (timeMs - POSTGRES_EPOCH_MS) * 1_000;
  }

  private static long toMillis(long micros) {
    return Math.floorDiv(micros, 1_000) + POSTGRES_EPOCH_MS;
  }

  /** Takes the row that begins at an offset and returns where it ends; -1 when rows are over. */
  int take(byte[] message, int from) {
    bytes = message;
    fields = (short) SHORT.get(message, from);
    if (fields < 0) {
      return -1;
    }
    if (starts.length < fields) {
      starts = new int[fields];
    }
    int at = from + 2;
    for (int field = 0; field < fields; field++) {
      starts[field] = at;
      at += 4 + Math.max(0, (int) INT.get(message, at));
    }
    return at;
  }

  boolean isNull(int field) {
    return (int) INT.get(bytes, starts[field]) < 0;
  }

  long getLong(int field) {
    return (long) LONG.get(bytes, starts[field] + 4);
  }

  int getInt(int field) {
    return (int) INT.get(bytes, starts[field] + 4);
  }

  int getShort(int field) {
    return (short) SHORT.get(bytes, starts[field] + 4);
  }

  /** Returns a timestamp in milliseconds since 1970. */
  long getTime(int field) {
    return toMillis(getLong(field));
  }

  /**
   * Returns how many elements an array has.
   *
   * @throws SQLException when it has several dimensions, or null among its elements
   */
  int length(int field) throws SQLException {
    int at = starts[field] + 4;
    int dimensions = (int) INT.get(bytes, at);
    if (dimensions == 0) {
      return 0;
    }
    if (dimensions != 1 || (int) INT.get(bytes, at + 4) != 0) {
      throw new SQLException("an array of samples has nulls or several dimensions", "22000");
    }
    return (int) INT.get(bytes, at + 12);
  }

  private int element(int field, int index, int size) {
    return starts[field] + 4 + ARRAY_HEAD + index * (4 + size) + 4;
  }

  /** Returns an element of an array of bigint; unchecked. */
  long longAt(int field, int index) {
    return (long) LONG.get(bytes, element(field, index, 8));
  }

  /** Returns an element of an array of timestamptz in milliseconds since 1970; unchecked. */
  long timeAt(int field, int index) {
    return toMillis(longAt(field, index));
  }

  /** Returns an element of an array of float8; unchecked. */
  double doubleAt(int field, int index) {
    return Double.longBitsToDouble(longAt(field, index));
  }

  /** Returns an element of an array of integer; unchecked. */
  int intAt(int field, int index) {
    return (int) INT.get(bytes, element(field, index, 4));
  }

  /** Returns an element of an array of smallint; unchecked. */
  int shortAt(int field, int index) {
    return (short) SHORT.get(bytes, element(field, index, 2));
  }

  /** Copies the elements of an array of bytea; unchecked. */
  void bytesOf(int field, byte[][] into) {
    int at = starts[field] + 4;
    int count = (int) INT.get(bytes, at) == 0 ? 0 : (int) INT.get(bytes, at + 12);
    at += ARRAY_HEAD;
    for (int i = 0; i < count; i++) {
      int length = (int) INT.get(bytes, at);
      into[i] = Arrays.copyOfRange(bytes, at + 4, at + 4 + length);
      at += 4 + length;
    }
  }
}
