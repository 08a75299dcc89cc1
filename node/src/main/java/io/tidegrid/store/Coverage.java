package io.tidegrid.store;

import java.util.Optional;

/**
 * Of which times memory holds every sample of a shard, as it was at one moment: all from some time
 * on, and before that single blocks that were read back from the database. Immutable.
 */
public final class Coverage {

  /**
   * A span of time of which memory may lack samples.
   *
   * @param fromMs milliseconds since 1970
   * @param toMs the last millisecond of the span
   */
  public record Gap(long fromMs, long toMs) {}

  private final long wholeFromMs;
  private final ReloadedBlocks reloaded;

  Coverage(long wholeFromMs, ReloadedBlocks reloaded) {
    this.wholeFromMs = wholeFromMs;
    this.reloaded = reloaded;
  }

  /** Returns the coverage of a shard that is whole from a time on and lacks all before it. */
  public static Coverage from(long wholeFromMs) {
    return new Coverage(wholeFromMs, ReloadedBlocks.NONE);
  }

  /**
   * Returns of which times memory had everything at both moments and in between: a block that left
   * and came back is not among them.
   */
  public Coverage and(Coverage other) {
    if (wholeFromMs == other.wholeFromMs && reloaded.equals(other.reloaded)) {
      return this;
    }
    return new Coverage(
        Math.max(wholeFromMs, other.wholeFromMs), reloaded.wholeInBoth(other.reloaded));
  }

  /**
   * Returns what memory may lack of a range, both ends included; empty when it lacks nothing. It is
   * the shortest span that has it all, and may have whole blocks in its midst.
   */
  public Optional<Gap> lacking(long fromMs, long toMs) {
    if (wholeFromMs <= fromMs) {
      return Optional.empty();
    }
    long from = fromMs;
    long to = Math.min(toMs, wholeFromMs - 1);
    while (from <= to && reloaded.isWhole(BlockSpan.startOf(from))) {
      from = BlockSpan.startOf(from) + BlockSpan.LENGTH_MS;
    }
    while (from <= to && reloaded.isWhole(BlockSpan.startOf(to))) {
      to = BlockSpan.startOf(to) - 1;
    }
    return from <= to ? Optional.of(new Gap(from, to)) : Optional.empty();
  }
}
