package io.tidegrid.query;

import java.time.Duration;

/**
 * The limits of queries.
 *
 * @param timeout the longest a query may take
 * @param maxSamples the most samples a query may read
 * @param maxSeries the most series a query may touch
 * @param threads threads that read shards, per member
 */
public record QueryOptions(Duration timeout, long maxSamples, int maxSeries, int threads) {

  /** The documented defaults. */
  public static QueryOptions defaults() {
    return new QueryOptions(
        Duration.ofSeconds(30),
        50_000_000,
        1_000_000,
        Math.max(2, Runtime.getRuntime().availableProcessors()));
  }
}
