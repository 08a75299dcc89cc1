package io.tidegrid.query;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.store.RollStamps;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import java.util.Optional;

/**
 * Stored windows of an hour as they were read last, by series and day, so that a dashboard that
 * asks again does not have the database read them again. A day is found only as long as no block of
 * it was computed anew on this copy of its shard. Safe for use by many threads.
 */
final class HourCache {

  static final long DAY_MS = Tier.ONE_DAY.windowMs();

  /** What a window takes, its histogram aside; and an entry. */
  private static final int BYTES_A_WINDOW = 80;

  private static final int BYTES_AN_ENTRY = 200;

  /** A reading that would fill more than this share of the cache is not kept: it will not stay. */
  private static final int LARGEST_SHARE = 4;

  private static final int WINDOWS_A_DAY = 24;

  private record Key(long seriesId, long dayMs, long copy, long stamp) {}

  /** The windows are never changed. */
  private record Day(RollupColumns windows, boolean histograms) {

    int bytes() {
      int size = windows.size();
      int encoded = size == 0 ? 0 : windows.histogramEnds()[size - 1];
      // Columns have room for 16 windows at least, and double.
      int room = Math.max(16, Integer.highestOneBit(Math.max(1, size - 1)) * 2);
      return BYTES_AN_ENTRY + room * BYTES_A_WINDOW + 2 * encoded;
    }
  }

  private static final Day NONE = new Day(new RollupColumns(), true);

  private final long maxBytes;
  private final Cache<Key, Day> days;
  private final Counter hits;
  private final Counter misses;

  /**
   * @param maxBytes how much memory it may take; 0 keeps nothing
   */
  HourCache(long maxBytes, MeterRegistry meters) {
    this.maxBytes = maxBytes;
    this.days =
        Caffeine.newBuilder()
            .maximumWeight(maxBytes)
            .weigher((Key key, Day day) -> day.bytes())
            // On the thread that reads: the common pool has other work.
            .executor(Runnable::run)
            .build();
    this.hits = counter(meters, "hit");
    this.misses = counter(meters, "miss");
    Gauge.builder("tidegrid.query.rollup.cache.bytes", days, HourCache::bytes)
        .description("Memory that stored windows of an hour take which were read lately")
        .baseUnit("bytes")
        .register(meters);
    Gauge.builder("tidegrid.query.rollup.cache.max.bytes", () -> maxBytes)
        .description("Memory that they may take")
        .baseUnit("bytes")
        .register(meters);
  }

  private static Counter counter(MeterRegistry meters, String outcome) {
    return Counter.builder("tidegrid.query.rollup.cache")
        .description("Series of which stored windows of an hour were wanted")
        .tag("outcome", outcome)
        .register(meters);
  }

  private static double bytes(Cache<?, ?> cache) {
    return cache.policy().eviction().map(policy -> policy.weightedSize().orElse(0)).orElse(0L);
  }

  /** Tells whether a reading of so many series may be kept. */
  boolean takes(RollStamps stamps, int series, long fromMs, long toMs) {
    long windows = (long) series * ((toMs - fromMs) / DAY_MS + 1) * WINDOWS_A_DAY;
    return stamps.copy() != 0 && windows * BYTES_A_WINDOW <= maxBytes / LARGEST_SHARE;
  }

  /**
   * Returns the windows of a series in a range, if all of its days are there.
   *
   * @param histograms whether the windows must have their histograms
   */
  Optional<RollupColumns> find(
      long seriesId, RollStamps stamps, long fromMs, long toMs, boolean histograms) {
    if (stamps.copy() == 0 || maxBytes == 0) {
      return Optional.empty();
    }
    RollupColumns found = new RollupColumns();
    for (long day = Tier.ONE_DAY.startOf(fromMs); day < toMs; day += DAY_MS) {
      Day kept = days.getIfPresent(new Key(seriesId, day, stamps.copy(), stamps.of(day)));
      if (kept == null || (histograms && !kept.histograms)) {
        misses.increment();
        return Optional.empty();
      }
      add(kept.windows, fromMs, toMs, found);
    }
    hits.increment();
    return Optional.of(found);
  }

  /**
   * Keeps the windows of a series in a range of whole days.
   *
   * @param histograms whether they have their histograms
   */
  void keep(
      long seriesId,
      RollStamps stamps,
      long fromMs,
      long toMs,
      RollupColumns windows,
      boolean histograms) {
    for (long day = fromMs; day < toMs; day += DAY_MS) {
      RollupColumns own = new RollupColumns();
      add(windows, day, day + DAY_MS, own);
      days.put(
          new Key(seriesId, day, stamps.copy(), stamps.of(day)),
          own.size() == 0 ? NONE : new Day(own, histograms));
    }
  }

  private static void add(RollupColumns from, long fromMs, long toMs, RollupColumns into) {
    for (int i = 0; i < from.size(); i++) {
      if (from.starts()[i] >= fromMs && from.starts()[i] < toMs) {
        into.add(from, i);
      }
    }
  }
}
