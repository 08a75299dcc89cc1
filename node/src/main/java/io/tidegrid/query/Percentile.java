package io.tidegrid.query;

import java.util.Arrays;

/** Exact percentiles, interpolated linearly between the two nearest ranks as Prometheus does. */
final class Percentile {

  private Percentile() {}

  static boolean isPercentile(Function function) {
    return switch (function) {
      case P50, P90, P95, P99 -> true;
      case AVG, SUM, MIN, MAX, COUNT, RATE, INCREASE, DELTA, FIRST, LAST, STDDEV, RAW -> false;
    };
  }

  /** Returns the share of the values that lie below a percentile. */
  static double share(Function function) {
    return switch (function) {
      case P50 -> 0.50;
      case P90 -> 0.90;
      case P95 -> 0.95;
      case P99 -> 0.99;
      case AVG, SUM, MIN, MAX, COUNT, RATE, INCREASE, DELTA, FIRST, LAST, STDDEV, RAW ->
          throw new IllegalStateException(function.text() + " is not a percentile");
    };
  }

  /** Sorts the first {@code size} values, at least one, in place. O(n log n). */
  static double of(Function function, double[] values, int size) {
    Arrays.sort(values, 0, size);
    double rank = share(function) * (size - 1);
    int lower = (int) rank;
    double weight = rank - lower;
    if (weight == 0 || values[lower] == values[lower + 1]) {
      return values[lower];
    }
    return values[lower] * (1 - weight) + values[lower + 1] * weight;
  }
}
