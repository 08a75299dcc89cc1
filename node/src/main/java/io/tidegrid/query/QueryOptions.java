package io.tidegrid.query;

import java.time.Duration;

/**
 * The limits of queries.
 *
 * @param timeout the longest a query may take; 30 s by default
 * @param maxSamples the most samples a query may read, on all members together; 50,000,000 by
 *     default
 * @param maxSeries the most series a query may touch, on all members together; 1,000,000 by default
 * @param maxBuckets the most values (windows times groups) an aggregation may answer; 1,000,000 by
 *     default
 * @param rollupCacheBytes memory for stored windows that were read lately, per member; 64 MiB by
 *     default; 0 keeps none
 * @param threads threads that read shards, per member; the number of processors, at least 2, by
 *     default
 */
public record QueryOptions(
    Duration timeout,
    long maxSamples,
    int maxSeries,
    int maxBuckets,
    long rollupCacheBytes,
    int threads) {

  /** The most values an aggregation may answer, by default. */
  public static final int DEFAULT_MAX_BUCKETS = 1_000_000;

  private static final long DEFAULT_ROLLUP_CACHE_BYTES = 64L << 20;

  /**
   * @throws IllegalArgumentException for a limit that is not positive, or a negative cache
   */
  public QueryOptions {
    if (!timeout.isPositive()
        || maxSamples <= 0
        || maxSeries <= 0
        || maxBuckets <= 0
        || rollupCacheBytes < 0
        || threads <= 0) {
      throw new IllegalArgumentException("every limit of queries must be positive");
    }
  }

  /** The given limits with the defaults for buckets and the cache. */
  public QueryOptions(Duration timeout, long maxSamples, int maxSeries, int threads) {
    this(timeout, maxSamples, maxSeries, DEFAULT_MAX_BUCKETS, threads);
  }

  /** The given limits with the default for the cache. */
  public QueryOptions(
      Duration timeout, long maxSamples, int maxSeries, int maxBuckets, int threads) {
    this(timeout, maxSamples, maxSeries, maxBuckets, DEFAULT_ROLLUP_CACHE_BYTES, threads);
  }

  /** The documented defaults. */
  public static QueryOptions defaults() {
    return new QueryOptions(
        Duration.ofSeconds(30),
        50_000_000,
        1_000_000,
        Math.max(2, Runtime.getRuntime().availableProcessors()));
  }
}
