package io.tidegrid.soak;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts durations in buckets 3 % apart, from a microsecond to more than an hour, in constant
 * memory. Safe for use by many threads.
 */
final class LatencyHistogram {

  private static final double GROWTH = Math.log(1.03);
  private static final int BUCKETS = 800;

  private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);

  void add(long nanos) {
    double micros = Math.max(1, nanos / 1_000.0);
    counts.incrementAndGet((int) Math.min(BUCKETS - 1, Math.log(micros) / GROWTH));
  }

  /** Returns the upper bound of the bucket of a quantile in milliseconds; NaN when empty. */
  double quantileMillis(double quantile) {
    long total = 0;
    for (int i = 0; i < BUCKETS; i++) {
      total += counts.get(i);
    }
    long rank = (long) Math.ceil(quantile * total);
    long seen = 0;
    for (int i = 0; i < BUCKETS && total > 0; i++) {
      seen += counts.get(i);
      if (seen >= Math.max(1, rank)) {
        return Math.exp((i + 1) * GROWTH) / 1_000;
      }
    }
    return Double.NaN;
  }
}
