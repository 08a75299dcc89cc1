package io.tidegrid.persist;

/**
 * Turns values into pairs of an integer and a divisor, a power of ten, where a division as float8
 * gives back the identical bits. Integers take a quarter of the space in TimescaleDB's columnstore.
 * Not safe for use by many threads.
 */
final class SampleColumns {

  /** Powers of ten up to here are doubles, so that a division rounds once. */
  private static final int MAX_SCALE = 14;

  /** Integers within this bound convert to double and back without loss. */
  private static final long LIMIT = 1L << 53;

  /** With more values than one in so many that are no short decimals, all are kept as they are. */
  private static final int MISFITS = 8;

  private static final double[] POWERS = new double[MAX_SCALE + 1];

  static {
    double power = 1;
    for (int scale = 0; scale <= MAX_SCALE; scale++) {
      POWERS[scale] = power;
      power *= 10;
    }
  }

  private double divisor;
  private boolean scaled;

  /** Chooses the divisor for the values of a series and block. */
  void choose(double[] values, int from, int count) {
    int wanted = 0;
    int misfits = 0;
    for (int i = from; i < from + count && misfits <= count / MISFITS; i++) {
      int scale = leastScale(values[i], wanted);
      if (scale < 0) {
        misfits++;
      } else {
        wanted = scale;
      }
    }
    scaled = misfits <= count / MISFITS && misfits < count;
    divisor = POWERS[wanted];
  }

  private static int leastScale(double value, int from) {
    for (int scale = from; scale <= MAX_SCALE; scale++) {
      if (fits(value, POWERS[scale])) {
        return scale;
      }
      if (!(Math.abs(value * POWERS[scale]) < LIMIT)) {
        return -1;
      }
    }
    return -1;
  }

  private static long scale(double value, double divisor) {
    return (long) Math.rint(value * divisor);
  }

  private static boolean fits(double value, double divisor) {
    long number = scale(value, divisor);
    return Double.doubleToRawLongBits(number / divisor) == Double.doubleToRawLongBits(value)
        && number <= LIMIT
        && number >= -LIMIT;
  }

  /** Tells whether a value is {@link #number} / {@link #divisor}, to the bit. */
  boolean fits(double value) {
    return scaled && fits(value, divisor);
  }

  long number(double value) {
    return scale(value, divisor);
  }

  double divisor() {
    return divisor;
  }
}
