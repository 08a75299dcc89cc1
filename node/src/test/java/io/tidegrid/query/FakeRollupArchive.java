package io.tidegrid.query;

import io.tidegrid.persist.RollupArchive;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import io.tidegrid.tier.WindowRoller;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stored windows in memory, computed as the pipeline computes them. */
final class FakeRollupArchive implements RollupArchive {

  /** One question. */
  record Asked(Tier tier, int ids, long fromMs, long toMs, boolean histograms) {}

  private final Map<Long, Map<Tier, RollupColumns>> stored = new ConcurrentHashMap<>();
  final Map<Tier, Long> keptFromMs = new ConcurrentHashMap<>();
  final List<Asked> asked = new CopyOnWriteArrayList<>();
  volatile long rawDroppedToMs = Long.MIN_VALUE;
  volatile Runnable before = () -> {};

  /**
   * Stores the windows of a series.
   *
   * @param blocks the samples when its blocks were last rolled
   * @param days the samples when its days were
   */
  void roll(long id, SortedMap<Long, Double> blocks, SortedMap<Long, Double> days) {
    Map<Tier, RollupColumns> tiers = new EnumMap<>(Tier.class);
    for (Tier tier : List.of(Tier.ONE_MINUTE, Tier.FIVE_MINUTES, Tier.ONE_HOUR)) {
      tiers.put(tier, rolled(tier, blocks));
    }
    RollupColumns hours = rolled(Tier.ONE_HOUR, days);
    RollupColumns merged = new RollupColumns();
    new WindowRoller().merge(Tier.ONE_DAY.windowMs(), hours, 0, hours.size(), merged);
    tiers.put(Tier.ONE_DAY, merged);
    stored.put(id, tiers);
  }

  private static RollupColumns rolled(Tier tier, SortedMap<Long, Double> samples) {
    long[] times = samples.keySet().stream().mapToLong(t -> t).toArray();
    double[] values = samples.values().stream().mapToDouble(v -> v).toArray();
    RollupColumns columns = new RollupColumns();
    new WindowRoller().roll(tier.windowMs(), times, values, 0, times.length, columns);
    return columns;
  }

  void clear() {
    stored.clear();
  }

  @Override
  public void read(
      Tier tier,
      long[] ids,
      long fromMs,
      long toMs,
      boolean histograms,
      Duration timeout,
      Consumer consumer) {
    asked.add(new Asked(tier, ids.length, fromMs, toMs, histograms));
    before.run();
    for (long id : ids) {
      RollupColumns all = stored.getOrDefault(id, Map.of()).get(tier);
      RollupColumns found = new RollupColumns();
      for (int i = 0; all != null && i < all.size(); i++) {
        if (all.starts()[i] >= fromMs && all.starts()[i] < toMs) {
          found.add(all, i);
          if (!histograms) {
            found.histograms()[found.size() - 1] = new byte[0];
          }
        }
      }
      if (found.size() > 0) {
        consumer.accept(id, found);
      }
    }
  }

  @Override
  public boolean isRawDropped(long timeMs) {
    return timeMs < rawDroppedToMs;
  }

  @Override
  public long keptFromMs(Tier tier) {
    return keptFromMs.getOrDefault(tier, Long.MIN_VALUE);
  }
}
