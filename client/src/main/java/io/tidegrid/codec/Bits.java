package io.tidegrid.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Varints, zigzag and bit-packing. Packed values lie one after another, least significant bit
 * first, and a run of them begins and ends on a byte.
 */
final class Bits {

  static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** The widest value that one unaligned load of eight bytes always holds whole. */
  private static final int MAX_NARROW_WIDTH = 57;

  private Bits() {}

  /** Maps small numbers of either sign to small unsigned ones. */
  static long zigzag(long value) {
    return (value << 1) ^ (value >> 63);
  }

  static long unzigzag(long value) {
    return (value >>> 1) ^ -(value & 1);
  }

  static int varintSize(long value) {
    return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
  }

  /** Writes an unsigned LEB128 varint and returns the place after it. */
  static int putVarint(byte[] out, int at, long value) {
    long rest = value;
    int place = at;
    while ((rest & ~0x7FL) != 0) {
      out[place++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    out[place++] = (byte) rest;
    return place;
  }

  /** Returns the width, in bits, that values are packed with when their bits are within these. */
  static int width(long allBits) {
    int width = Long.SIZE - Long.numberOfLeadingZeros(allBits);
    return width > MAX_NARROW_WIDTH ? Long.SIZE : width;
  }

  static boolean isWidth(int width) {
    return (width >= 0 && width <= MAX_NARROW_WIDTH) || width == Long.SIZE;
  }

  /** Returns the number of bytes that {@code count} values of a width take. */
  static int packedBytes(int count, int width) {
    return (count * width + 7) >>> 3;
  }

  /** Packs values, of which no bit beyond the width is set, and returns the place after them. */
  static int pack(long[] values, int from, int count, int width, byte[] out, int at) {
    int place = at;
    if (width == Long.SIZE) {
      for (int i = from; i < from + count; i++, place += Long.BYTES) {
        LONGS.set(out, place, values[i]);
      }
      return place;
    }
    if (width == 0) {
      return place;
    }
    long word = 0;
    int filled = 0;
    for (int i = from; i < from + count; i++) {
      long value = values[i];
      word |= value << filled;
      filled += width;
      if (filled >= Long.SIZE) {
        LONGS.set(out, place, word);
        place += Long.BYTES;
        filled -= Long.SIZE;
        word = value >>> (width - filled);
      }
    }
    for (; filled > 0; filled -= Byte.SIZE) {
      out[place++] = (byte) word;
      word >>>= Byte.SIZE;
    }
    return place;
  }

  /** Unpacks values; the caller has made sure that their bytes are inside the array. */
  static void unpack(byte[] in, int at, int width, long[] values, int from, int count) {
    if (width == Long.SIZE) {
      for (int i = 0; i < count; i++) {
        values[from + i] = (long) LONGS.get(in, at + i * Long.BYTES);
      }
      return;
    }
    if (width == 0) {
      java.util.Arrays.fill(values, from, from + count, 0);
      return;
    }
    long mask = -1L >>> (Long.SIZE - width);
    int lastLoad = in.length - Long.BYTES;
    int whole = at > lastLoad ? 0 : (int) Math.min(count, ((lastLoad - at) * 8L + 7) / width + 1);
    int bit = 0;
    for (int i = from; i < from + whole; i++, bit += width) {
      values[i] = ((long) LONGS.get(in, at + (bit >>> 3)) >>> (bit & 7)) & mask;
    }
    for (int i = from + whole; i < from + count; i++, bit += width) {
      values[i] = (lastBytes(in, at + (bit >>> 3)) >>> (bit & 7)) & mask;
    }
  }

  /** Loads what there is, at most seven bytes, from a place to the end of the array. */
  private static long lastBytes(byte[] in, int from) {
    int last = in.length - Long.BYTES;
    if (last >= 0) {
      return (long) LONGS.get(in, last) >>> ((from - last) << 3);
    }
    long word = 0;
    for (int i = in.length - 1; i >= from; i--) {
      word = word << 8 | (in[i] & 0xFF);
    }
    return word;
  }
}
