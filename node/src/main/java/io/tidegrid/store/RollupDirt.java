package io.tidegrid.store;

import java.util.Collections;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Which blocks and days of a shard were written to since their rollups were computed; an immutable
 * snapshot. What is not in it and not later than the last write is clean: its stored rollups are
 * those of its samples, and where there are none, there are no samples.
 *
 * @param blocks the starts of dirty blocks, each with the sequence of the last write to it
 * @param days the starts of days of which a block was computed anew since the day was, each with
 *     the highest sequence of such a block
 * @param stamps tell whether what was read of clean blocks is still right
 */
public record RollupDirt(
    NavigableMap<Long, Long> blocks, NavigableMap<Long, Long> days, RollStamps stamps) {

  private static final long DAY_MS = 86_400_000L;

  /** Nothing is dirty. */
  public static final RollupDirt NONE = new RollupDirt(new TreeMap<>(), new TreeMap<>());

  /** Copies the maps. */
  public RollupDirt {
    blocks = Collections.unmodifiableNavigableMap(new TreeMap<>(blocks));
    days = Collections.unmodifiableNavigableMap(new TreeMap<>(days));
  }

  /** Marks without stamps: nothing that is read by them may be kept. */
  public RollupDirt(NavigableMap<Long, Long> blocks, NavigableMap<Long, Long> days) {
    this(blocks, days, RollStamps.NONE);
  }

  /** By what is dirty; the stamps say nothing about that. */
  @Override
  public boolean equals(Object other) {
    return other instanceof RollupDirt dirt && blocks.equals(dirt.blocks) && days.equals(dirt.days);
  }

  @Override
  public int hashCode() {
    return Objects.hash(blocks, days);
  }

  /** Tells whether a block is dirty. */
  public boolean isDirty(long blockStartMs) {
    return blocks.containsKey(blockStartMs);
  }

  /**
   * Returns the dirty days that can be computed now, with their sequences: those of which no block
   * is dirty. Linear in the dirty days.
   */
  public NavigableMap<Long, Long> daysToRoll() {
    NavigableMap<Long, Long> ready = new TreeMap<>(days);
    ready.keySet().removeIf(day -> !blocks.subMap(day, day + DAY_MS).isEmpty());
    return Collections.unmodifiableNavigableMap(ready);
  }

  /** Tells whether a day, or a block in it, is dirty. */
  public boolean isDayDirty(long dayStartMs) {
    return days.containsKey(dayStartMs)
        || !blocks.subMap(dayStartMs, dayStartMs + DAY_MS).isEmpty();
  }
}
