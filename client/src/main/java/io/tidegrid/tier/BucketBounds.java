package io.tidegrid.tier;

/**
 * Where the buckets of an {@link ExponentialHistogram} begin. Bucket {@code i} of scale {@code s}
 * holds what is from 2^(i 2^-s) on and below 2^((i + 1) 2^-s).
 */
final class BucketBounds {

  /** The coarsest scale: with it all positive doubles lie within the most buckets. */
  static final int MIN_SCALE = -4;

  private static final int EXPONENT_BIAS = 1023;
  private static final int MANTISSA_BITS = 52;
  private static final long MANTISSA = (1L << MANTISSA_BITS) - 1;
  private static final int SUBS = 1 << ExponentialHistogram.MAX_SCALE;

  /** The least index at the finest scale, that of the smallest denormal. */
  private static final int LEAST = -1074 * SUBS;

  /** The greatest index at the finest scale. */
  private static final int GREATEST = 1024 * SUBS - 1;

  /**
   * The doubles nearest to 2^(i/16). Written out, as {@link Math#pow} may differ by a bit from one
   * machine or compiler to the next, and members must agree on the bucket of every value.
   */
  private static final double[] BOUNDS = {
    0x1.0000000000000p+0,
    0x1.0b5586cf9890fp+0,
    0x1.172b83c7d517bp+0,
    0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0,
    0x1.3dea64c123422p+0,
    0x1.4bfdad5362a27p+0,
    0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0,
    0x1.7a11473eb0187p+0,
    0x1.8ace5422aa0dbp+0,
    0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0,
    0x1.c199bdd85529cp+0,
    0x1.d5818dcfba487p+0,
    0x1.ea4afa2a490dap+0,
    0x1.0000000000000p+1
  };

  /** The mantissas of the bounds, the last above all mantissas. */
  private static final long[] MANTISSAS = new long[SUBS + 1];

  /** A cell is narrower than any bucket, so that at most one bound lies inside it. */
  private static final int CELL_BITS = 5;

  /** The bucket in which a cell of mantissas begins. */
  private static final byte[] CELLS = new byte[1 << CELL_BITS];

  static {
    for (int i = 0; i < SUBS; i++) {
      MANTISSAS[i] = Double.doubleToRawLongBits(BOUNDS[i]) & MANTISSA;
    }
    MANTISSAS[SUBS] = Long.MAX_VALUE;
    for (int cell = 0; cell < CELLS.length; cell++) {
      long begin = (long) cell << (MANTISSA_BITS - CELL_BITS);
      while (begin >= MANTISSAS[CELLS[cell] + 1]) {
        CELLS[cell]++;
      }
    }
  }

  private BucketBounds() {}

  /**
   * Returns the index at the finest scale. At coarser ones it is this shifted right by one for each
   * scale.
   *
   * @param bits those of a positive or negative finite value that is not zero; the sign is ignored
   */
  static int finestIndex(long bits) {
    int exponent = (int) (bits >>> MANTISSA_BITS) & 0x7FF;
    if (exponent == 0) {
      return denormal(bits);
    }
    return normal(exponent, bits & MANTISSA);
  }

  private static int normal(int exponent, long mantissa) {
    int sub = CELLS[(int) (mantissa >>> (MANTISSA_BITS - CELL_BITS))];
    sub += mantissa >= MANTISSAS[sub + 1] ? 1 : 0;
    return (exponent - EXPONENT_BIAS) * SUBS + sub;
  }

  private static int denormal(long bits) {
    long scaled =
        Double.doubleToRawLongBits(Double.longBitsToDouble(bits & Long.MAX_VALUE) * 0x1p60);
    return normal((int) (scaled >>> MANTISSA_BITS) - 60, scaled & MANTISSA);
  }

  /** Returns the least index that a value may have at a scale. */
  static int least(int scale) {
    return LEAST >> (ExponentialHistogram.MAX_SCALE - scale);
  }

  /** Returns the greatest index that a value may have at a scale. */
  static int greatest(int scale) {
    return GREATEST >> (ExponentialHistogram.MAX_SCALE - scale);
  }

  /** Returns the value in a bucket whose relative distance to both its bounds is the same. */
  static double middle(int index, int scale) {
    if (scale < 0) {
      double factor = Math.scalb(1.0, 1 << -scale);
      return Math.max(Math.scalb(2 * factor / (1 + factor), index << -scale), Double.MIN_VALUE);
    }
    int fine = ExponentialHistogram.MAX_SCALE - scale;
    double factor = BOUNDS[1 << fine];
    double low = BOUNDS[(index & ((1 << scale) - 1)) << fine];
    return Math.scalb(low * (2 * factor / (1 + factor)), index >> scale);
  }
}
