package io.tidegrid.query;

import io.tidegrid.tier.CompensatedSum;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.WindowRoller;

/**
 * Puts samples into windows as {@link WindowRoller} does, but leaves histograms out where they are
 * not asked for: they take most of its time. Not safe for use by many threads.
 */
final class SampleRoller {

  private static final byte[] NO_HISTOGRAM = {};

  private final boolean histograms;
  private final long windowMs;
  private final WindowRoller roller = new WindowRoller();
  private final CompensatedSum sum = new CompensatedSum();
  private final CompensatedSum increase = new CompensatedSum();

  /**
   * @param windowMs the length of a window; {@link Long#MAX_VALUE} for a single one
   */
  SampleRoller(boolean histograms, long windowMs) {
    this.histograms = histograms;
    this.windowMs = windowMs;
  }

  /** Appends the windows of the first {@code size} samples, which ascend in time. */
  void roll(long[] times, double[] values, int size, RollupColumns into) {
    if (histograms) {
      roller.roll(windowMs, times, values, 0, size, into);
      return;
    }
    int at = 0;
    while (at < size) {
      long start = Math.floorDiv(times[at], windowMs) * windowMs;
      long end = start > Long.MAX_VALUE - windowMs ? Long.MAX_VALUE : start + windowMs;
      int to = at + 1;
      while (to < size && times[to] < end) {
        to++;
      }
      rollWindow(start, times, values, at, to, into);
      at = to;
    }
  }

  private void rollWindow(
      long start, long[] times, double[] values, int from, int to, RollupColumns into) {
    int first = from;
    while (first < to && Double.isNaN(values[first])) {
      first++;
    }
    if (first == to) {
      return;
    }
    sum.set(0, 0);
    increase.set(0, 0);
    double min = values[first];
    double max = values[first];
    int last = first;
    int count = 0;
    int resets = 0;
    for (int i = first; i < to; i++) {
      double value = values[i];
      if (Double.isNaN(value)) {
        continue;
      }
      count++;
      sum.add(value);
      min = Math.min(min, value);
      max = Math.max(max, value);
      if (i > first) {
        increase.add(value);
        if (value < values[last]) {
          resets++;
        } else {
          increase.add(-values[last]);
        }
      }
      last = i;
    }
    into.add(
        start,
        count,
        sum.value(),
        min,
        max,
        values[first],
        times[first],
        values[last],
        times[last],
        increase.value(),
        resets,
        NO_HISTOGRAM);
  }
}
