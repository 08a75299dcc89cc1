package io.tidegrid.store;

import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * How often blocks of each day of a shard got clean, as one copy of the shard on one member has
 * counted: what was read of a day's stored windows is still right for its clean blocks as long as
 * the stamp is the same. An immutable snapshot, no newer than the marks it came with.
 *
 * @param copy tells this copy of the shard from all others that this process had; 0 when nothing is
 *     known, and nothing may be kept
 * @param days the starts of the days of which blocks got clean since the copy was made, with how
 *     often
 */
public record RollStamps(long copy, NavigableMap<Long, Long> days) {

  /** Nothing is known. */
  public static final RollStamps NONE = new RollStamps(0, new TreeMap<>());

  /** Copies the map. */
  public RollStamps {
    days = Collections.unmodifiableNavigableMap(new TreeMap<>(days));
  }

  /** Returns how often a block of the day got clean. */
  public long of(long dayStartMs) {
    return days.getOrDefault(dayStartMs, 0L);
  }
}
