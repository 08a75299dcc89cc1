package io.tidegrid.grid;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The samples of a batch as one array of bytes, little-endian. Each column takes the narrowest of
 * the forms that a single pass over it finds; nothing is searched for, because a batch is written
 * and read several times and kept for seconds.
 *
 * <pre>
 * ids     1 byte form: 0 = 8 bytes each, 1 = one id for all
 * times   1 byte width w (0, 1, 2, 4 or 8), 8 bytes base, then w bytes each: time - base, unsigned
 * values  1 byte width w: 8 = the doubles' bits; 1, 2 or 4 = whole numbers, w bytes each, signed;
 *         0 = all 0
 * </pre>
 */
final class SampleColumns {

  private static final int SEPARATE_IDS = 0;
  private static final int ONE_ID = 1;

  private SampleColumns() {}

  /** Encodes the first {@code size} samples of the columns. */
  static byte[] encode(int size, long[] ids, long[] times, double[] values) {
    boolean oneId = size > 0 && allEqual(ids, size);
    long base = Long.MAX_VALUE;
    long latest = Long.MIN_VALUE;
    for (int i = 0; i < size; i++) {
      base = Math.min(base, times[i]);
      latest = Math.max(latest, times[i]);
    }
    int timeWidth = size == 0 ? 0 : unsignedWidth(latest - base);
    int valueWidth = valueWidth(values, size);
    int idBytes = oneId ? Long.BYTES : size * Long.BYTES;
    byte[] columns = new byte[3 + Long.BYTES + idBytes + size * (timeWidth + valueWidth)];
    ByteBuffer out = littleEndian(columns);
    out.put((byte) (oneId ? ONE_ID : SEPARATE_IDS));
    putLongs(out, ids, oneId ? 1 : size);
    out.put((byte) timeWidth).putLong(base);
    putTimes(out, times, size, base, timeWidth);
    out.put((byte) valueWidth);
    putValues(out, values, size, valueWidth);
    return columns;
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static boolean allEqual(long[] numbers, int size) {
    int i = 1;
    while (i < size && numbers[i] == numbers[0]) {
      i++;
    }
    return i >= size;
  }

  /** A difference that overflows is negative and takes all bytes. */
  private static int unsignedWidth(long range) {
    if (range == 0) {
      return 0;
    }
    if (range < 0 || range > 0xFFFF_FFFFL) {
      return 8;
    }
    return range <= 0xFF ? 1 : range <= 0xFFFF ? 2 : 4;
  }

  private static int valueWidth(double[] values, int size) {
    int least = 0;
    int greatest = 0;
    for (int i = 0; i < size; i++) {
      int whole = (int) values[i];
      // Compares bits, because -0.0 equals 0.
      if (Double.doubleToRawLongBits(whole) != Double.doubleToRawLongBits(values[i])) {
        return 8;
      }
      least = Math.min(least, whole);
      greatest = Math.max(greatest, whole);
    }
    if (least == 0 && greatest == 0) {
      return 0;
    }
    return least == (byte) least && greatest == (byte) greatest
        ? 1
        : least == (short) least && greatest == (short) greatest ? 2 : 4;
  }

  private static void putLongs(ByteBuffer out, long[] numbers, int count) {
    out.asLongBuffer().put(numbers, 0, count);
    out.position(out.position() + count * Long.BYTES);
  }

  private static void putTimes(ByteBuffer out, long[] times, int size, long base, int width) {
    switch (width) {
      case 1 -> {
        for (int i = 0; i < size; i++) {
          out.put((byte) (times[i] - base));
        }
      }
      case 2 -> {
        for (int i = 0; i < size; i++) {
          out.putShort((short) (times[i] - base));
        }
      }
      case 4 -> {
        for (int i = 0; i < size; i++) {
          out.putInt((int) (times[i] - base));
        }
      }
      case 8 -> {
        for (int i = 0; i < size; i++) {
          out.putLong(times[i] - base);
        }
      }
      default -> {}
    }
  }

  private static void putValues(ByteBuffer out, double[] values, int size, int width) {
    switch (width) {
      case 1 -> {
        for (int i = 0; i < size; i++) {
          out.put((byte) values[i]);
        }
      }
      case 2 -> {
        for (int i = 0; i < size; i++) {
          out.putShort((short) values[i]);
        }
      }
      case 4 -> {
        for (int i = 0; i < size; i++) {
          out.putInt((int) values[i]);
        }
      }
      case 8 -> {
        for (int i = 0; i < size; i++) {
          out.putLong(Double.doubleToRawLongBits(values[i]));
        }
      }
      default -> {}
    }
  }

  /**
   * Checks, before anything is allocated for them, that the bytes hold as many samples as is said.
   *
   * @throws IOException when they do not
   */
  static void check(byte[] columns, int size) throws IOException {
    if (size < 0) {
      throw new IOException("a batch has a negative size");
    }
    long at = 1;
    at += isAt(columns, 0, ONE_ID) ? Long.BYTES : (long) size * Long.BYTES;
    at += 1 + Long.BYTES + (long) size * widthAt(columns, at);
    at += 1 + (long) size * widthAt(columns, at);
    if (at != columns.length) {
      throw new IOException("a batch of " + size + " samples has " + columns.length + " bytes");
    }
  }

  private static boolean isAt(byte[] columns, long at, int expected) throws IOException {
    if (at >= columns.length) {
      throw new IOException("a batch ends too early");
    }
    return columns[(int) at] == expected;
  }

  private static int widthAt(byte[] columns, long at) throws IOException {
    for (int width : new int[] {0, 1, 2, 4, 8}) {
      if (isAt(columns, at, width)) {
        return width;
      }
    }
    throw new IOException("a column of a batch has an unknown width");
  }

  /** Decodes what was checked into arrays of the given size. */
  static void decode(byte[] columns, int size, long[] ids, long[] times, double[] values) {
    ByteBuffer in = littleEndian(columns);
    if (in.get() == ONE_ID) {
      Arrays.fill(ids, in.getLong());
    } else {
      in.asLongBuffer().get(ids);
      in.position(in.position() + size * Long.BYTES);
    }
    int timeWidth = in.get();
    long base = in.getLong();
    getTimes(in, times, base, timeWidth);
    int valueWidth = in.get();
    getValues(in, values, valueWidth);
  }

  private static void getTimes(ByteBuffer in, long[] times, long base, int width) {
    switch (width) {
      case 1 -> Arrays.setAll(times, i -> base + (in.get() & 0xFF));
      case 2 -> Arrays.setAll(times, i -> base + (in.getShort() & 0xFFFF));
      case 4 -> Arrays.setAll(times, i -> base + (in.getInt() & 0xFFFF_FFFFL));
      case 8 -> Arrays.setAll(times, i -> base + in.getLong());
      default -> Arrays.fill(times, base);
    }
  }

  private static void getValues(ByteBuffer in, double[] values, int width) {
    switch (width) {
      case 1 -> Arrays.setAll(values, i -> in.get());
      case 2 -> Arrays.setAll(values, i -> in.getShort());
      case 4 -> Arrays.setAll(values, i -> in.getInt());
      case 8 -> Arrays.setAll(values, i -> Double.longBitsToDouble(in.getLong()));
      default -> {}
    }
  }
}
