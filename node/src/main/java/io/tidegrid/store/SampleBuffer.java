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

  /** Keeps of the samples from {@code begin} on, which ascend, those of a range of time. */
  void trim(int begin, long fromMs, long toMs) {
    int first = begin;
    while (first < size && times[first] < fromMs) {
      first++;
    }
    int last = size;
    while (last > first && times[last - 1] > toMs) {
      last--;
    }
    if (first > begin) {
      System.arraycopy(times, first, times, begin, last - first);
      System.arraycopy(values, first, values, begin, last - first);
    }
    size = begin + last - first;
  }

  /**
   * Merges into the samples from {@code begin} on, which ascend, others that ascend too; of equal
   * times the other stays.
   */
  void merge(int begin, SampleBuffer newer) {
    if (newer.size == 0) {
      return;
    }
    if (size == begin || times[size - 1] < newer.times[0]) {
      ensureRoom(newer.size);
      System.arraycopy(newer.times, 0, times, size, newer.size);
      System.arraycopy(newer.values, 0, values, size, newer.size);
      size += newer.size;
      return;
    }
    ensureRoom(newer.size);
    // From the end, where there is room for both, so that nothing needs to be put aside.
    int end = size + newer.size;
    int to = end;
    int older = size - 1;
    for (int i = newer.size - 1; i >= 0; i--) {
      long time = newer.times[i];
      while (older >= begin && times[older] > time) {
        times[--to] = times[older];
        values[to] = values[older--];
      }
      if (older >= begin && times[older] == time) {
        older--;
      }
      times[--to] = time;
      values[to] = newer.values[i];
    }
    // Equal times have left a gap.
    System.arraycopy(times, to, times, older + 1, end - to);
    System.arraycopy(values, to, values, older + 1, end - to);
    size = older + 1 + end - to;
  }
}
