package io.tidegrid.http;

import io.tidegrid.tier.Tier;
import java.util.Arrays;
import java.util.List;

/**
 * How far rollups are computed, over the shards that this member owns. Safe for use by many
 * threads; answers from memory.
 */
@FunctionalInterface
public interface RollupStatus {

  /** Of a node that stores no rollups: every window is computed when it is asked for. */
  RollupStatus NONE =
      () ->
          Arrays.stream(Tier.values())
              .map(tier ->
                  new TierStatus(
                      tier.text(), tier.windowMs(), Long.MIN_VALUE, 0, Long.MAX_VALUE, false))
              .toList();

  /** Returns all tiers, the finest first. */
  List<TierStatus> tiers();

  /**
   * One tier.
   *
   * @param tier the name in requests and answers, such as {@code 5m}
   * @param windowMs the length of a window in milliseconds
   * @param throughMs every window that ends at or before this time, in milliseconds since 1970, is
   *     stored as its samples are, those of late samples included; {@link Long#MIN_VALUE} when
   *     nothing is stored
   * @param dirtySpans how many spans of shards (blocks of two hours; days for the tier of days)
   *     wait to be computed, the open ones included
   * @param oldestDirtyMs the start of the oldest of them in milliseconds since 1970; {@link
   *     Long#MAX_VALUE} when there are none
   * @param stored whether windows of this tier are stored at all; otherwise they are computed from
   *     samples when they are asked for
   */
  record TierStatus(
      String tier,
      long windowMs,
      long throughMs,
      int dirtySpans,
      long oldestDirtyMs,
      boolean stored) {}
}
