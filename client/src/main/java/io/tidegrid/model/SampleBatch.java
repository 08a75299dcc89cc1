package io.tidegrid.model;

import java.util.Arrays;

/**
 * Samples of one tenant in columns: sample {@code i} is {@code (keys()[i], times()[i],
 * values()[i])}. The arrays may be longer than {@link #size()} and belong to the batch: nobody
 * changes them after it was built. Times are milliseconds since 1970-01-01T00:00Z. Any double is a
 * value, NaN with its payload too.
 */
public final class SampleBatch {

  private static final SampleBatch EMPTY =
      new SampleBatch(new SeriesKey[0], new long[0], new double[0], new int[0], 0);

  private final SeriesKey[] keys;
  private final long[] times;
  private final double[] values;
  private final int[] rows;
  private final int size;

  private SampleBatch(SeriesKey[] keys, long[] times, double[] values, int[] rows, int size) {
    this.keys = keys;
    this.times = times;
    this.values = values;
    this.rows = rows;
    this.size = size;
  }

  /** Returns a batch without samples. */
  public static SampleBatch empty() {
    return EMPTY;
  }

  /** Returns a builder with room for the given number of samples before it grows. */
  public static Builder builder(int expectedSamples) {
    return new Builder(expectedSamples);
  }

  /** Returns the number of samples. */
  public int size() {
    return size;
  }

  /** Returns the column of series. */
  public SeriesKey[] keys() {
    return keys;
  }

  /** Returns the column of times, in milliseconds since 1970. */
  public long[] times() {
    return times;
  }

  /** Returns the column of values. */
  public double[] values() {
    return values;
  }

  /**
   * Returns where in the caller's input (from 0) sample {@code i} stood, for error messages: the
   * index of a JSON row or of a line.
   */
  public int row(int i) {
    return rows.length == 0 ? i : rows[i];
  }

  /** Collects samples. Not safe for use by many threads; of no use after {@link #build}. */
  public static final class Builder {

    private SeriesKey[] keys;
    private long[] times;
    private double[] values;
    private int[] rows = new int[0];
    private int size;

    private Builder(int expectedSamples) {
      int capacity = Math.max(expectedSamples, 1);
      keys = new SeriesKey[capacity];
      times = new long[capacity];
      values = new double[capacity];
    }

    /** Returns the number of samples so far. */
    public int size() {
      return size;
    }

    /** Adds a sample whose place in the input is its index in the batch. */
    public Builder add(SeriesKey key, long timeMs, double value) {
      return add(key, timeMs, value, size);
    }

    /** Adds a sample that stood at {@code row} (from 0) of the input. */
    public Builder add(SeriesKey key, long timeMs, double value, int row) {
      int i = size;
      if (i == times.length) {
        grow();
      }
      keys[i] = key;
      times[i] = timeMs;
      values[i] = value;
      if (row != i && rows.length == 0) {
        rows = new int[times.length];
        Arrays.setAll(rows, j -> j);
      }
      if (rows.length != 0) {
        rows[i] = row;
      }
      size = i + 1;
      return this;
    }

    private void grow() {
      int capacity = times.length * 2;
      keys = Arrays.copyOf(keys, capacity);
      times = Arrays.copyOf(times, capacity);
      values = Arrays.copyOf(values, capacity);
      if (rows.length != 0) {
        rows = Arrays.copyOf(rows, capacity);
      }
    }

    /** Hands the samples over without copying them. */
    public SampleBatch build() {
      return new SampleBatch(keys, times, values, rows, size);
    }
  }
}
