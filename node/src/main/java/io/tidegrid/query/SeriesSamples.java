package io.tidegrid.query;

import io.tidegrid.model.Labels;

/** A series with its samples in ascending order of time, each time once. Immutable. */
public final class SeriesSamples {

  private final Labels labels;
  private final long[] times;
  private final double[] values;

  /**
   * @param labels the labels, the metric name among them
   * @param times milliseconds since 1970; not changed afterwards
   * @param values as many as times; not changed afterwards
   */
  public SeriesSamples(Labels labels, long[] times, double[] values) {
    this.labels = labels;
    this.times = times;
    this.values = values;
  }

  /** Returns the labels, the metric name among them. */
  public Labels labels() {
    return labels;
  }

  /** Returns the number of samples. */
  public int size() {
    return times.length;
  }

  /** Returns the times in milliseconds since 1970; the caller must not change them. */
  public long[] times() {
    return times;
  }

  /** Returns the values; the caller must not change them. */
  public double[] values() {
    return values;
  }
}
