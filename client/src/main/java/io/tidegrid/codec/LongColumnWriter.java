package io.tidegrid.codec;

/**
 * Finds the smallest form of a column of longs, then writes it. What is written, after the form
 * that {@link #form} tells and {@code x[0]}, which the caller writes:
 *
 * <pre>
 * unit        varint; for XOR the number of bits shifted away
 * base        zigzag varint, only for transforms that have one
 * block size  1 byte: log2 of the block's values / 16
 * bitmap      only if sparse: 1 bit for each packed number, set where it is not 0
 * blocks      each 1 byte width (0..57 or 64), then its values at that width, filled to a byte
 * </pre>
 *
 * <p>A constant column has no body. Not safe for use by many threads.
 */
final class LongColumnWriter {

  /** The form's bit that says that zeros are left out of the blocks. */
  static final int SPARSE = 8;

  static final int MIN_BLOCK_SHIFT = 4;

  private final long[] y;
  private final int packed;
  private final long[] spare;
  private final byte[] widths;

  /** Built for the first candidate that has enough zeros. */
  private long[] nonZeros = new long[0];

  private Transform transform = Transform.CONSTANT;
  private long unitOfDifferences;
  private long unit;
  private long base;
  private boolean sparse;
  private int blockShift;
  private long[] best;
  private int bodyBytes;

  private LongColumnWriter(long[] x, int count) {
    this.y = x;
    this.packed = count - 1;
    this.spare = new long[packed];
    this.best = new long[packed];
    this.widths = new byte[(packed >> MIN_BLOCK_SHIFT) + 1];
  }

  /**
   * Plans a column of integers whose differences do not overflow.
   *
   * @param x the column, which is overwritten
   */
  static LongColumnWriter ofIntegers(long[] x, int count) {
    LongColumnWriter writer = new LongColumnWriter(x, count);
    if (!writer.isConstant()) {
      writer.reduce(writer.commonDivisor());
      writer.considerDifferences();
    }
    return writer;
  }

  /**
   * Plans a column of any longs, such as the bits of doubles, whose differences may overflow.
   *
   * @param x the column, which is overwritten
   */
  static LongColumnWriter ofBits(long[] x, int count) {
    LongColumnWriter writer = new LongColumnWriter(x, count);
    if (!writer.isConstant()) {
      writer.considerXor();
      writer.reduce(writer.commonPowerOfTwo());
      writer.considerDifferences();
    }
    return writer;
  }

  /** Returns the number of bytes that {@link #write} writes. */
  int bytes() {
    return bodyBytes;
  }

  /** Returns transform and sparseness in four bits. */
  int form() {
    return transform.code() | (sparse ? SPARSE : 0);
  }

  private boolean isConstant() {
    long different = 0;
    for (int i = 1; i <= packed; i++) {
      different |= y[i] ^ y[0];
    }
    return different == 0;
  }

  private long commonDivisor() {
    long divisor = 0;
    for (int i = 1; i <= packed && divisor != 1; i++) {
      long a = Math.abs(y[i] - y[i - 1]);
      while (a != 0) {
        long rest = divisor % a;
        divisor = a;
        a = rest;
      }
    }
    return divisor;
  }

  /** A shift undoes itself even where differences overflow; a division does not. */
  private long commonPowerOfTwo() {
    long all = 0;
    for (int i = 1; i <= packed; i++) {
      all |= y[i] - y[0];
    }
    return Long.lowestOneBit(all);
  }

  private void reduce(long divisor) {
    long first = y[0];
    for (int i = 0; i <= packed; i++) {
      y[i] -= first;
    }
    if (Long.bitCount(divisor) == 1) {
      int shift = Long.numberOfTrailingZeros(divisor);
      for (int i = 0; i <= packed && shift > 0; i++) {
        y[i] >>= shift;
      }
    } else {
      for (int i = 0; i <= packed; i++) {
        y[i] /= divisor;
      }
    }
    unitOfDifferences = divisor;
  }

  private void considerXor() {
    long all = 0;
    for (int i = 1; i <= packed; i++) {
      long xor = y[i] ^ y[i - 1];
      spare[i - 1] = xor;
      all |= xor;
    }
    int shift = Long.numberOfTrailingZeros(all);
    for (int i = 0; i < packed; i++) {
      spare[i] >>>= shift;
    }
    consider(Transform.XOR, shift, 0);
  }

  private void considerDifferences() {
    long least = Long.MAX_VALUE;
    long greatest = Long.MIN_VALUE;
    long leastDelta = Long.MAX_VALUE;
    long greatestDelta = Long.MIN_VALUE;
    for (int i = 1; i <= packed; i++) {
      long delta = y[i] - y[i - 1];
      spare[i - 1] = Bits.zigzag(delta);
      least = Math.min(least, y[i]);
      greatest = Math.max(greatest, y[i]);
      leastDelta = Math.min(leastDelta, delta);
      greatestDelta = Math.max(greatestDelta, delta);
    }
    int deltaWidth = Bits.width(Bits.zigzag(leastDelta) | Bits.zigzag(greatestDelta));
    consider(Transform.DELTA, unitOfDifferences, 0);
    if (Bits.width(greatest - least) <= deltaWidth) {
      for (int i = 1; i <= packed; i++) {
        spare[i - 1] = y[i] - least;
      }
      consider(Transform.RANGE, unitOfDifferences, least);
    }
    if (Bits.width(greatestDelta - leastDelta) < deltaWidth) {
      for (int i = 1; i <= packed; i++) {
        spare[i - 1] = y[i] - y[i - 1] - leastDelta;
      }
      consider(Transform.DELTA_RANGE, unitOfDifferences, leastDelta);
    }
    long firstDelta = y[1] - y[0];
    long previous = firstDelta;
    for (int i = 1; i <= packed; i++) {
      long delta = y[i] - y[i - 1];
      spare[i - 1] = Bits.zigzag(delta - previous);
      previous = delta;
    }
    consider(Transform.DELTA_OF_DELTA, unitOfDifferences, firstDelta);
  }

  /** Takes what lies in {@code spare} if it is the smallest so far. */
  private void consider(Transform candidate, long candidateUnit, long candidateBase) {
    int zeros = 0;
    for (int i = 0; i < packed; i++) {
      zeros += spare[i] == 0 ? 1 : 0;
    }
    int header =
        1
            + Bits.varintSize(candidateUnit)
            + (candidate.hasBase() ? Bits.varintSize(Bits.zigzag(candidateBase)) : 0);
    long dense = sizeAndShift(spare, packed);
    boolean leaveOutZeros = false;
    long chosen = dense;
    if (zeros >= packed >> 2 && zeros < packed) {
      long thin = sizeAndShift(nonZeros(spare), packed - zeros) + ((long) bitmapBytes() << 4);
      // Leaving out zeros makes decoding slower, which has to be worth it.
      if (thin < dense - (dense >> 3)) {
        chosen = thin;
        leaveOutZeros = true;
      }
    }
    int size = header + (int) (chosen >>> 4);
    if (transform != Transform.CONSTANT && size >= bodyBytes) {
      return;
    }
    transform = candidate;
    unit = candidateUnit;
    base = candidateBase;
    sparse = leaveOutZeros;
    blockShift = (int) chosen & 15;
    bodyBytes = size;
    System.arraycopy(spare, 0, best, 0, packed);
  }

  private int bitmapBytes() {
    return (packed + 7) >>> 3;
  }

  private long[] nonZeros(long[] numbers) {
    if (nonZeros.length == 0) {
      nonZeros = new long[packed];
    }
    int count = 0;
    for (int i = 0; i < packed; i++) {
      nonZeros[count] = numbers[i];
      count += numbers[i] != 0 ? 1 : 0;
    }
    return nonZeros;
  }

  /** Returns the bytes that the blocks of the best size take, times 16, plus log2 of that / 16. */
  private long sizeAndShift(long[] numbers, int count) {
    int blocks = 0;
    for (int from = 0; from < count; from += 1 << MIN_BLOCK_SHIFT) {
      long all = 0;
      int end = Math.min(from + (1 << MIN_BLOCK_SHIFT), count);
      for (int i = from; i < end; i++) {
        all |= numbers[i];
      }
      widths[blocks++] = (byte) Bits.width(all);
    }
    long least = Long.MAX_VALUE;
    for (int shift = 0; ; shift++) {
      int block = 1 << (shift + MIN_BLOCK_SHIFT);
      long size = blocks;
      for (int b = 0; b < blocks; b++) {
        size += Bits.packedBytes(Math.min(block, count - b * block), widths[b]);
      }
      least = Math.min(least, size << 4 | shift);
      if (blocks <= 1) {
        return least;
      }
      int merged = 0;
      for (int b = 0; b < blocks; b += 2) {
        widths[merged++] = b + 1 < blocks ? (byte) Math.max(widths[b], widths[b + 1]) : widths[b];
      }
      blocks = merged;
    }
  }

  /** Writes the body and returns the place after it. */
  int write(byte[] out, int at) {
    if (transform == Transform.CONSTANT) {
      return at;
    }
    int place = Bits.putVarint(out, at, unit);
    if (transform.hasBase()) {
      place = Bits.putVarint(out, place, Bits.zigzag(base));
    }
    out[place++] = (byte) blockShift;
    long[] numbers = best;
    int count = packed;
    if (sparse) {
      for (int i = 0; i < packed; i++) {
        if (best[i] != 0) {
          out[place + (i >> 3)] |= (byte) (1 << (i & 7));
        } else {
          count--;
        }
      }
      place += bitmapBytes();
      numbers = nonZeros(best);
    }
    int block = 1 << (blockShift + MIN_BLOCK_SHIFT);
    for (int from = 0; from < count; from += block) {
      int length = Math.min(block, count - from);
      long all = 0;
      for (int i = from; i < from + length; i++) {
        all |= numbers[i];
      }
      int width = Bits.width(all);
      out[place++] = (byte) width;
      place = Bits.pack(numbers, from, length, width, out, place);
    }
    return place;
  }
}
