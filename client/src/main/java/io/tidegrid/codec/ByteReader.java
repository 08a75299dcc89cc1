package io.tidegrid.codec;

/**
 * Reads a byte array, or a part of one, from front to end. Every method throws {@link
 * IllegalArgumentException} when the bytes end too early. Not safe for use by many threads.
 */
final class ByteReader {

  private final byte[] bytes;
  private final int end;
  private int at;

  ByteReader(byte[] bytes) {
    this(bytes, 0, bytes.length);
  }

  ByteReader(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  static IllegalArgumentException corrupt(String what) {
    return new IllegalArgumentException("not a chunk: " + what);
  }

  /** Moves over {@code length} bytes and returns the place where they begin. */
  int skip(int length) {
    int from = at;
    if (length > end - from) {
      throw corrupt("it ends too early");
    }
    at = from + length;
    return from;
  }

  byte[] bytes() {
    return bytes;
  }

  boolean atEnd() {
    return at == end;
  }

  int unsignedByte() {
    return bytes[skip(1)] & 0xFF;
  }

  long fixedLong() {
    return (long) Bits.LONGS.get(bytes, skip(Long.BYTES));
  }

  long signedVarint() {
    return Bits.unzigzag(varint());
  }

  long varint() {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      int next = unsignedByte();
      value |= (next & 0x7FL) << shift;
      if (next < 0x80) {
        if (shift == 63 && next > 1) {
          break;
        }
        return value;
      }
    }
    throw corrupt("a number has more than 64 bits");
  }

  /** Reads a varint that must not exceed a limit. */
  int smallVarint(int limit) {
    long value = varint();
    if (value < 0 || value > limit) {
      throw corrupt("a number exceeds " + limit);
    }
    return (int) value;
  }
}
