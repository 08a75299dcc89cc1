package io.tidegrid.codec;

/** Reads what {@link LongColumnWriter} writes. */
final class LongColumnReader {

  private static final int MAX_BLOCK_SHIFT = 12;

  private LongColumnReader() {}

  /**
   * Reads a column into {@code out} from {@code offset}, where there must be room for {@code
   * count}.
   *
   * @param form what {@link LongColumnWriter#form} returned; not PLAIN
   * @param first {@code x[0]}
   * @throws IllegalArgumentException when the bytes are not a column
   */
  static void read(ByteReader in, int form, long first, long[] out, int offset, int count) {
    Transform transform = Transform.of(form & 7);
    out[offset] = first;
    if (transform == Transform.CONSTANT) {
      java.util.Arrays.fill(out, offset, offset + count, first);
      return;
    }
    long unit = in.varint();
    long base = transform.hasBase() ? in.signedVarint() : 0;
    int packed = count - 1;
    if ((form & LongColumnWriter.SPARSE) != 0) {
      readSparse(in, out, offset + 1, packed);
    } else {
      readBlocks(in, out, offset + 1, packed, in.unsignedByte());
    }
    undo(transform, first, unit, base, out, offset + 1, packed);
  }

  private static void readBlocks(ByteReader in, long[] out, int from, int count, int shift) {
    if (shift > MAX_BLOCK_SHIFT) {
      throw ByteReader.corrupt("unknown block size " + shift);
    }
    int block = 1 << (shift + LongColumnWriter.MIN_BLOCK_SHIFT);
    for (int done = 0; done < count; done += block) {
      int length = Math.min(block, count - done);
      int width = in.unsignedByte();
      if (!Bits.isWidth(width)) {
        throw ByteReader.corrupt("unknown width " + width);
      }
      int at = in.skip(Bits.packedBytes(length, width));
      Bits.unpack(in.bytes(), at, width, out, from + done, length);
    }
  }

  private static void readSparse(ByteReader in, long[] out, int from, int count) {
    int shift = in.unsignedByte();
    int bitmap = in.skip((count + 7) >>> 3);
    byte[] bytes = in.bytes();
    int present = 0;
    for (int i = 0; i < (count + 7) >>> 3; i++) {
      present += Integer.bitCount(bytes[bitmap + i] & 0xFF);
    }
    if (present > count) {
      throw ByteReader.corrupt("the bitmap has too many bits");
    }
    readBlocks(in, out, from, present, shift);
    // Without branches, because no predictor learns the bitmap.
    int next = present - 1;
    for (int i = count - 1; i >= 0; i--) {
      int bit = bytes[bitmap + (i >> 3)] >> (i & 7) & 1;
      out[from + i] = out[from + Math.max(next, 0)] & -(long) bit;
      next -= bit;
    }
  }

  private static void undo(
      Transform transform, long first, long unit, long base, long[] out, int from, int count) {
    int end = from + count;
    switch (transform) {
      case RANGE -> {
        for (int i = from; i < end; i++) {
          out[i] = first + unit * (base + out[i]);
        }
      }
      case DELTA_RANGE -> {
        long step = unit * base;
        long x = first;
        for (int i = from; i < end; i++) {
          x += step + unit * out[i];
          out[i] = x;
        }
      }
      case DELTA -> {
        long x = first;
        for (int i = from; i < end; i++) {
          x += unit * Bits.unzigzag(out[i]);
          out[i] = x;
        }
      }
      case DELTA_OF_DELTA -> {
        long x = first;
        long delta = unit * base;
        for (int i = from; i < end; i++) {
          delta += unit * Bits.unzigzag(out[i]);
          x += delta;
          out[i] = x;
        }
      }
      case XOR -> {
        if (unit < 0 || unit >= Long.SIZE) {
          throw ByteReader.corrupt("unknown shift");
        }
        long x = first;
        for (int i = from; i < end; i++) {
          x ^= out[i] << unit;
          out[i] = x;
        }
      }
      case CONSTANT, PLAIN -> throw ByteReader.corrupt("no column has the transform " + transform);
    }
  }
}
