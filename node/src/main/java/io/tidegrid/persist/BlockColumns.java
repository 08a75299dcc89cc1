package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;

/**
 * The samples of one series and block as the columns of a row of {@code blocks}: times by first and
 * step where they are regular; values as scaled integers where a division as float8 gives back the
 * identical bits of every one of them, else as they are. Holds one row at a time and reuses its
 * arrays. Not safe for use by many threads.
 */
final class BlockColumns {

  /** How the values of a row are kept. */
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
  private int[] offsets = new int[1024];
  private double[] values = {};
  private int valuesFrom;
  private int count;
  private int firstMs;
  private int stepMs;
  private int scale;
  private long base;
  private Form form = Form.EXACT;

  /**
   * Takes samples in ascending order of time.
   *
   * @param values kept by reference until the next call
   * @throws IllegalArgumentException when there is none, or one lies outside the block
   */
  void take(long blockMs, long[] times, double[] values, int from, int count) {
    if (count <= 0) {
      throw new IllegalArgumentException("a row needs samples");
    }
    if (integers.length < count) {
      int room = Math.max(count, integers.length * 2);
      integers = new long[room];
      offsets = new int[room];
    }
    this.values = values;
    this.valuesFrom = from;
    this.count = count;
    takeTimes(blockMs, times, from);
    takeValues();
  }

  private void takeTimes(long blockMs, long[] times, int from) {
    long step = count > 1 ? times[from + 1] - times[from] : 1;
    boolean regular = true;
    long previous = Long.MIN_VALUE;
    for (int i = 0; i < count; i++) {
      long time = times[from + i];
      long offset = time - blockMs;
      if (offset < 0 || offset >= BlockSpan.LENGTH_MS || time <= previous) {
        throw new IllegalArgumentException(
            "the time " + time + " is out of order or not of the block " + blockMs);
      }
      offsets[i] = (int) offset;
      regular &= i == 0 || time - previous == step;
      previous = time;
    }
    firstMs = offsets[0];
    stepMs = regular ? (int) step : 0;
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

  static double power(int scale) {
    return POWERS[scale];
  }

  int count() {
    return count;
  }

  int firstMs() {
    return firstMs;
  }

  /** Returns the step, or 0 when the times are {@link #offset}s. */
  int stepMs() {
    return stepMs;
  }

  int offset(int i) {
    return offsets[i];
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

  /** Returns what is kept of a value in the forms SMALL and MEDIUM. */
  int integer(int i) {
    return (int) (integers[i] - base);
  }

  double exact(int i) {
    return values[valuesFrom + i];
  }
}
