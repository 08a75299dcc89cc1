package io.tidegrid.node;

import io.tidegrid.http.RollupStatus;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.WindowSource;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Tells from what is dirty how far rollups are. One look serves for a second. */
final class LiveRollupStatus implements RollupStatus {

  private static final long NOTHING = Long.MAX_VALUE;
  private static final Duration GOOD_FOR = Duration.ofSeconds(1);

  private final WindowSource source;
  private final BooleanSupplier marksKnown;
  private final InstantSource clock;
  private volatile Shown shown = new Shown(Long.MIN_VALUE, List.of());

  private record Shown(long atMs, List<TierStatus> tiers) {}

  /** A day of a shard. */
  private record Day(int shard, long startMs) {}

  /**
   * @param marksKnown whether all marks of the member's shards are in memory; false while a cold
   *     start loads them
   */
  LiveRollupStatus(WindowSource source, BooleanSupplier marksKnown, InstantSource clock) {
    this.source = source;
    this.marksKnown = marksKnown;
    this.clock = clock;
  }

  @Override
  public List<TierStatus> tiers() {
    long now = clock.millis();
    Shown last = shown;
    if (last.tiers.isEmpty() || now < last.atMs || now - last.atMs >= GOOD_FOR.toMillis()) {
      last = new Shown(now, look(now));
      shown = last;
    }
    return last.tiers;
  }

  /** Returns one of the tiers. */
  TierStatus of(Tier tier) {
    return tiers().stream()
        .filter(status -> status.tier().equals(tier.text()))
        .findFirst()
        .orElseThrow();
  }

  /**
   * Returns for how long the earliest span of a tier that has ended and is not computed has ended;
   * zero when there is none.
   */
  Duration lag(Tier tier) {
    long now = clock.millis();
    long lengthMs = tier == Tier.ONE_DAY ? tier.windowMs() : BlockSpan.LENGTH_MS;
    TierStatus status = of(tier);
    if (status.oldestDirtyMs() == NOTHING) {
      return Duration.ZERO;
    }
    return Duration.ofMillis(Math.max(0, now - status.oldestDirtyMs() - lengthMs));
  }

  private List<TierStatus> look(long now) {
    boolean known = marksKnown.getAsBoolean();
    int blocks = 0;
    long oldestBlock = NOTHING;
    long oldestDay = NOTHING;
    Set<Day> days = new HashSet<>();
    for (DirtySpan span : source.dirty()) {
      long day = Tier.ONE_DAY.startOf(span.startMs());
      boolean ignored = days.add(new Day(span.shard(), day));
      oldestDay = Math.min(oldestDay, day);
      if (span.tier() != Tier.ONE_DAY) {
        blocks++;
        oldestBlock = Math.min(oldestBlock, span.startMs());
      }
    }
    int dirtyBlocks = blocks;
    long oldest = oldestBlock;
    long oldestOfDays = oldestDay;
    return Arrays.stream(Tier.values())
        .map(tier ->
            tier == Tier.ONE_DAY
                ? status(tier, known, days.size(), oldestOfDays, tier.startOf(now))
                : status(tier, known, dirtyBlocks, oldest, BlockSpan.startOf(now)))
        .toList();
  }

  /**
   * Everything is stored up to the first dirty span, at most up to the one that is open. Before
   * everything is known of, nothing can be said.
   */
  private static TierStatus status(
      Tier tier, boolean known, int dirty, long oldestMs, long openMs) {
    return new TierStatus(
        tier.text(),
        tier.windowMs(),
        known ? Math.min(oldestMs, openMs) : Long.MIN_VALUE,
        dirty,
        oldestMs,
        true);
  }
}
