package io.tidegrid.alert;

import java.util.Arrays;

/** Growing columns of times and values. Not safe for use by many threads. */
public final class Samples {

  private long[] times = new long[64];
  private double[] values = new double[64];
  private int size;

  /** Appends samples from columns. */
  public void addAll(long[] fromTimes, double[] fromValues, int count) {
    ensure(size + count);
    System.arraycopy(fromTimes, 0, times, size, count);
    System.arraycopy(fromValues, 0, values, size, count);
    size += count;
  }

  /** Appends a sample. */
  public void add(long timeMs, double value) {
    ensure(size + 1);
    times[size] = timeMs;
    values[size++] = value;
  }

  private void ensure(int wanted) {
    if (wanted > times.length) {
      int capacity = Math.max(wanted, times.length * 2);
      times = Arrays.copyOf(times, capacity);
      values = Arrays.copyOf(values, capacity);
    }
  }

  int size() {
    return size;
  }

  long time(int i) {
    return times[i];
  }

  double value(int i) {
    return values[i];
  }

  void clear() {
    size = 0;
  }
}
