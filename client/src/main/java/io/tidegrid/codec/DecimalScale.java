package io.tidegrid.codec;

/**
 * Finds the power of ten that turns doubles into integers without loss, as ALP does ("ALP: Adaptive
 * Lossless floating-Point Compression", SIGMOD 2024): value = integer / 10^e, with identical bits.
 * A division by a power of ten up to 10^22 rounds once, so every double that is the nearest one to
 * a short decimal passes.
 */
final class DecimalScale {

  /** The largest exponent that is tried. */
  static final int MAX_EXPONENT = 14;

  /** What one sample that does not fit costs: its place and its bits. */
  private static final double EXCEPTION_BITS = 76;

  private static final double BITS_PER_DIGIT = Math.log(10) / Math.log(2);

  /** Differences of integers within this bound do not overflow, nor do differences of those. */
  private static final long LIMIT = 1L << 60;

  private static final double[] POWERS = new double[MAX_EXPONENT + 1];

  static {
    double power = 1;
    for (int e = 0; e <= MAX_EXPONENT; e++) {
      POWERS[e] = power;
      power *= 10;
    }
  }

  private DecimalScale() {}

  static double power(int exponent) {
    return POWERS[exponent];
  }

  /** Returns the integer to divide by the power; whether that gives the value is to be checked. */
  private static long scaled(double value, double power) {
    return (long) Math.rint(value * power);
  }

  private static boolean isExact(double value, long scaled, double power) {
    return Double.doubleToRawLongBits(scaled / power) == Double.doubleToRawLongBits(value)
        && scaled < LIMIT
        && scaled > -LIMIT;
  }

  private static boolean fits(double value, int exponent) {
    double power = POWERS[exponent];
    return isExact(value, scaled(value, power), power);
  }

  /** Returns how many samples of a chunk may be kept aside as they are. */
  static int maxExceptions(int count) {
    return 1 + count / 8;
  }

  /**
   * Returns the exponent with which the samples take the least space, those that it does not fit
   * included, or -1 when too many fit no exponent.
   */
  static int choose(double[] values, int offset, int count) {
    int[] needs = new int[MAX_EXPONENT + 2];
    int maxMisfits = maxExceptions(count);
    int guess = 0;
    for (int i = offset; i < offset + count; i++) {
      int need = leastExponent(values[i], guess);
      needs[need]++;
      if (need <= MAX_EXPONENT) {
        guess = need;
      } else if (needs[need] > maxMisfits) {
        return -1;
      }
    }
    int best = -1;
    double bestCost = Double.POSITIVE_INFINITY;
    int exceptions = needs[MAX_EXPONENT + 1];
    for (int e = MAX_EXPONENT; e >= 0 && exceptions <= maxMisfits; e--) {
      double cost = exceptions * EXCEPTION_BITS + count * e * BITS_PER_DIGIT;
      if (cost < bestCost) {
        best = e;
        bestCost = cost;
      }
      exceptions += needs[e];
    }
    return best;
  }

  /** Returns the least exponent that fits, looked for around a guess, or the maximum + 1. */
  private static int leastExponent(double value, int guess) {
    int e = guess;
    if (fits(value, e)) {
      while (e > 0 && fits(value, e - 1)) {
        e--;
      }
      return e;
    }
    // An infinity or a NaN fits none.
    if (Double.isFinite(value)) {
      for (e++; e <= MAX_EXPONENT; e++) {
        if (fits(value, e)) {
          return e;
        }
      }
    }
    return MAX_EXPONENT + 1;
  }

  /**
   * Writes the scaled integers to {@code out} from 0; where a sample does not fit, the integer of
   * the sample before it. The places of those are written to {@code exceptions}, as far as there is
   * room.
   *
   * @return the number of samples that do not fit
   */
  static int scale(
      double[] values, int offset, int count, int exponent, long[] out, int[] exceptions) {
    double power = POWERS[exponent];
    int misfits = 0;
    long previous = 0;
    for (int i = 0; i < count; i++) {
      double value = values[offset + i];
      long scaled = scaled(value, power);
      if (isExact(value, scaled, power)) {
        previous = scaled;
      } else {
        if (misfits < exceptions.length) {
          exceptions[misfits] = i;
        }
        misfits++;
      }
      out[i] = previous;
    }
    if (misfits > 0 && misfits < count && exceptions.length > 0) {
      fillFront(out, exceptions, misfits, count);
    }
    return misfits;
  }

  /** Lets exceptions in front of the first fitting sample take that one's integer. */
  private static void fillFront(long[] out, int[] exceptions, int misfits, int count) {
    int first = 0;
    while (first < Math.min(misfits, exceptions.length) && exceptions[first] == first) {
      first++;
    }
    if (first > 0 && first < count) {
      java.util.Arrays.fill(out, 0, first, out[first]);
    }
  }
}
