package io.tidegrid.query;

import io.tidegrid.persist.RollupArchive;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.tier.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which times of a range one shard answers from stored windows and which from samples. Stored are
 * the windows of blocks that are closed and not dirty; where a window is cut by the end of the
 * range, it is computed from the samples inside, as long as they are kept. The cost is that of the
 * dirty blocks in the range, however long it is.
 */
final class RollupPlan {

  /** Beyond these times there are no samples, and sums of times and lengths do not overflow. */
  private static final long EARLIEST_MS = -(1L << 50);

  private static final long LATEST_MS = 1L << 50;

  private static final long DAY_MS = Tier.ONE_DAY.windowMs();

  /**
   * A part of the range.
   *
   * @param fromMs its start
   * @param toMs its end, exclusive
   * @param stored the tier whose stored windows, all of them whole, answer for it; empty: samples
   */
  record Piece(long fromMs, long toMs, Optional<Tier> stored) {}

  private final RollupArchive archive;
  private final RollupDirt dirt;
  private final long closedToMs;
  private final long closedDaysToMs;
  private final List<Piece> pieces = new ArrayList<>();

  private RollupPlan(RollupArchive archive, RollupDirt dirt, long nowMs) {
    this.archive = archive;
    this.dirt = dirt;
    this.closedToMs = BlockSpan.startOf(nowMs);
    this.closedDaysToMs = Tier.ONE_DAY.startOf(nowMs);
  }

  /**
   * Returns the pieces of a range in the order of time.
   *
   * @param tier the coarsest windows that are of use; empty for samples alone
   * @param archive empty when no windows are stored
   */
  static List<Piece> of(
      TimeRange range,
      Optional<Tier> tier,
      Optional<RollupArchive> archive,
      RollupDirt dirt,
      long nowMs) {
    long from = Math.max(range.fromMs(), EARLIEST_MS);
    long end = Math.min(range.toMs(), LATEST_MS) + 1;
    if (from >= end) {
      return List.of();
    }
    if (tier.isEmpty() || archive.isEmpty()) {
      return List.of(new Piece(from, end, Optional.empty()));
    }
    RollupPlan plan = new RollupPlan(archive.get(), dirt, nowMs);
    if (tier.get() == Tier.ONE_DAY) {
      plan.days(from, end);
    } else {
      plan.blocks(tier.get(), from, end);
    }
    return List.copyOf(plan.pieces);
  }

  private void days(long from, long end) {
    long keptFrom = archive.keptFromMs(Tier.ONE_DAY);
    long firstWhole = ceil(Math.max(from, Math.max(keptFrom, EARLIEST_MS)), DAY_MS);
    long lastWhole = Tier.ONE_DAY.startOf(Math.min(end, closedDaysToMs));
    if (firstWhole >= lastWhole) {
      blocks(Tier.ONE_HOUR, from, end);
      return;
    }
    blocks(Tier.ONE_HOUR, from, firstWhole);
    long cursor = firstWhole;
    while (cursor < lastWhole) {
      long dirty = nextDirtyDay(cursor);
      if (dirty > cursor) {
        long to = Math.min(dirty, lastWhole);
        add(cursor, to, Optional.of(Tier.ONE_DAY));
        cursor = to;
      } else {
        blocks(Tier.ONE_HOUR, cursor, cursor + DAY_MS);
        cursor += DAY_MS;
      }
    }
    blocks(Tier.ONE_HOUR, lastWhole, end);
  }

  private long nextDirtyDay(long from) {
    Long day = dirt.days().ceilingKey(from);
    Long block = dirt.blocks().ceilingKey(from);
    return Math.min(
        day == null ? Long.MAX_VALUE : day,
        block == null ? Long.MAX_VALUE : Tier.ONE_DAY.startOf(block));
  }

  private void blocks(Tier tier, long from, long end) {
    long cursor = from;
    long kept = archive.keptFromMs(tier);
    if (cursor < kept) {
      long keptEnd = Math.min(end, ceil(kept, BlockSpan.LENGTH_MS));
      add(cursor, keptEnd, Optional.empty());
      cursor = keptEnd;
    }
    long closedEnd = Math.min(end, closedToMs);
    while (cursor < closedEnd) {
      Long dirty = dirt.blocks().ceilingKey(BlockSpan.startOf(cursor));
      long cleanEnd = dirty == null ? closedEnd : Math.min(closedEnd, dirty);
      if (cleanEnd > cursor) {
        clean(tier, cursor, cleanEnd);
        cursor = cleanEnd;
      } else {
        long blockEnd = Math.min(end, BlockSpan.startOf(cursor) + BlockSpan.LENGTH_MS);
        samplesOrWhole(tier, cursor, blockEnd);
        cursor = blockEnd;
      }
    }
    add(cursor, end, Optional.empty());
  }

  private void clean(Tier tier, long from, long end) {
    long firstWhole = ceil(from, tier.windowMs());
    long lastWhole = tier.startOf(end);
    if (firstWhole >= lastWhole) {
      samplesOrWhole(tier, from, end);
      return;
    }
    samplesOrWhole(tier, from, firstWhole);
    add(firstWhole, lastWhole, Optional.of(tier));
    samplesOrWhole(tier, lastWhole, end);
  }

  /** Where retention has dropped samples, what was stored is the best there is. */
  private void samplesOrWhole(Tier tier, long from, long end) {
    if (from < end && archive.isRawDropped(from)) {
      add(tier.startOf(from), ceil(end, tier.windowMs()), Optional.of(tier));
    } else {
      add(from, end, Optional.empty());
    }
  }

  private void add(long from, long end, Optional<Tier> stored) {
    if (from >= end) {
      return;
    }
    if (!pieces.isEmpty()) {
      Piece last = pieces.getLast();
      if (last.stored().equals(stored) && last.toMs() >= from) {
        pieces.set(pieces.size() - 1, new Piece(last.fromMs(), Math.max(end, last.toMs()), stored));
        return;
      }
    }
    pieces.add(new Piece(from, end, stored));
  }

  private static long ceil(long timeMs, long lengthMs) {
    return Math.ceilDiv(timeMs, lengthMs) * lengthMs;
  }
}
