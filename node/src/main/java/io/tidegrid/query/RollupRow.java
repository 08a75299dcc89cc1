package io.tidegrid.query;

import io.tidegrid.model.Labels;

/**
 * A window of a series, or of several pooled. NaN among the samples is left out of everything.
 *
 * @param labels the labels of the series, the metric name among them, or those grouped by
 * @param timeMs the start of the window in milliseconds since 1970; the start of the range for a
 *     single window
 * @param count how many values, at least 1
 * @param sum their sum
 * @param min the least
 * @param max the greatest
 * @param first the earliest; of several at that time the greatest
 * @param firstTimeMs its time
 * @param last the latest; of several at that time the greatest
 * @param lastTimeMs its time
 * @param increase by how much counters rose to the samples of the window, each from the sample
 *     before it in the range, falls taken for resets; summed over the series
 * @param delta the same without the correction of resets
 * @param rate increase per second, of each series over the window as far as it lies in the range
 *     (or over what its samples span, if that is longer); summed over the series
 * @param resets how often a counter was reset
 * @param p50 the median of the values; NaN when quantiles were not asked for, as for those below.
 *     All are off by at most 2.2 % while the values span up to 2^10, 4.4 % to 2^20, and never
 *     outside of {@code min} and {@code max}
 * @param p90 the 90th percentile
 * @param p95 the 95th percentile
 * @param p99 the 99th percentile
 */
public record RollupRow(
    Labels labels,
    long timeMs,
    long count,
    double sum,
    double min,
    double max,
    double first,
    long firstTimeMs,
    double last,
    long lastTimeMs,
    double increase,
    double delta,
    double rate,
    long resets,
    double p50,
    double p90,
    double p95,
    double p99) {

  /** Returns the mean of the values. */
  public double avg() {
    return sum / count;
  }
}
