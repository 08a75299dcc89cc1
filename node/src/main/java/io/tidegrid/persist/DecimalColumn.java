package io.tidegrid.persist;

/**
 * Numbers as integers scaled by a power of ten, where a division as float8 gives back the identical
 * bits of every one of them, else as they are. Holds one run of numbers at a time and reuses its
 * arrays. Not safe for use by many threads.
 */
final class DecimalColumn {

  /** How the numbers are kept. */
  enum Form {
    /** {@code (base + small[i]) / 10^scale}. */
    SMALL,
    /** {@code (base + medium[i]) / 10^scale}. */
    MEDIUM,
    /** The doubles themselves. */
    EXACT
  }

  /**
   * Powers of ten up to here and the integers of 53 bits are doubles, so a division rounds once.
   */
  static final int MAX_SCALE = 14;

  /** Integers within this bound convert to double and back without loss. */
  private static final long LIMIT = 1L << 53;

  private static final double[] POWERS = new double[MAX_SCALE + 1];

  static {
    double power = 1;
    for (int scale = 0; scale <= MAX_SCALE; scale++) {
      POWERS[scale] = power;
      power *= 10;
    }
  }

  private long[] integers = new long[1024];
  private double[] values = {};
  private int valuesFrom;
  private int count;
  private int scale;
  private long base;
  private Form form = Form.EXACT;

  /**
   * Takes numbers.
   *
   * @param values kept by reference until the next call
   */
  void take(double[] values, int from, int count) {
    if (integers.length < count) {
      integers = new long[Math.max(count, integers.length * 2)];
    }
    this.values = values;
    this.valuesFrom = from;
    this.count = count;
    takeValues();
  }

  private void takeValues() {
    int wanted = 0;
    for (int i = 0; i < count && wanted >= 0; i++) {
      wanted = leastScale(values[valuesFrom + i], wanted);
    }
    form = Form.EXACT;
    scale = 0;
    base = 0;
    if (wanted < 0) {
      return;
    }
    double power = POWERS[wanted];
    long least = Long.MAX_VALUE;
    long greatest = Long.MIN_VALUE;
    boolean exact = true;
    for (int i = 0; i < count; i++) {
      double value = values[valuesFrom + i];
      long integer = (long) Math.rint(value * power);
      // A value that fits a smaller scale may be too large for this one.
      exact &= isExact(value, integer, power);
      integers[i] = integer;
      least = Math.min(least, integer);
      greatest = Math.max(greatest, integer);
    }
    long range = greatest - least;
    if (!exact || range > 0xFFFF_FFFFL) {
      return;
    }
    scale = wanted;
    if (range <= 0xFFFF) {
      form = Form.SMALL;
      base = least >= Short.MIN_VALUE && greatest <= Short.MAX_VALUE ? 0 : least - Short.MIN_VALUE;
    } else {
      form = Form.MEDIUM;
      base =
          least >= Integer.MIN_VALUE && greatest <= Integer.MAX_VALUE
              ? 0
              : least - Integer.MIN_VALUE;
    }
  }

  /** Returns the least scale from a given one on that gives a value back, or -1. */
  private static int leastScale(double value, int from) {
    for (int scale = from; scale <= MAX_SCALE; scale++) {
      double power = POWERS[scale];
      if (isExact(value, (long) Math.rint(value * power), power)) {
        return scale;
      }
      if (!(Math.abs(value * power) < LIMIT)) {
        return -1;
      }
    }
    return -1;
  }

  private static boolean isExact(double value, long integer, double power) {
    return Double.doubleToRawLongBits(integer / power) == Double.doubleToRawLongBits(value)
        && integer <= LIMIT
        && integer >= -LIMIT;
  }

  /** Returns 10 to the power of a scale up to {@link #MAX_SCALE}. */
  static double power(int scale) {
    return POWERS[scale];
  }

  Form form() {
    return form;
  }

  int scale() {
    return scale;
  }

  long base() {
    return base;
  }

  /** Returns what is kept of a number in the forms SMALL and MEDIUM. */
  int integer(int i) {
    return (int) (integers[i] - base);
  }

  double exact(int i) {
    return values[valuesFrom + i];
  }

  int count() {
    return count;
  }
}
