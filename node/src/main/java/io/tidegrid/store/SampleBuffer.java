package io.tidegrid.store;

import java.util.Arrays;

/** Growing columns of times and values. Not safe for use by many threads. */
public final class SampleBuffer {

  private long[] times = new long[16];
  private double[] values = new double[16];
  private int size;

  /** Returns the number of samples. */
  public int size() {
    return size;
  }

  /** Returns the times; valid up to {@link #size()}, until the next change. */
  public long[] times() {
    return times;
  }

  /** Returns the values; valid up to {@link #size()}, until the next change. */
  public double[] values() {
    return values;
  }

  /** Forgets the samples and keeps the arrays. */
  public void clear() {
    size = 0;
  }

  /** Appends a sample. */
  public void add(long timeMs, double value) {
    ensureRoom(1);
    times[size] = timeMs;
    values[size++] = value;
  }

  /** Makes room for {@code more} samples, for callers that write to the arrays themselves. */
  public void ensureRoom(int more) {
    if (size + more > times.length) {
      int capacity = Math.max(size + more, times.length * 2);
      times = Arrays.copyOf(times, capacity);
      values = Arrays.copyOf(values, capacity);
    }
  }

  /** Sets the number of samples after the arrays were written to directly. */
  public void size(int size) {
    this.size = size;
  }
}
