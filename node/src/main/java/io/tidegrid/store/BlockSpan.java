package io.tidegrid.store;

/**
 * How time is cut into blocks: spans of {@link #LENGTH_MS}, aligned to 1970, the same in memory and
 * in the database. A block is named by its start.
 */
public final class BlockSpan {

  /** Two hours, so that a block of a series at ten seconds is a few hundred samples. */
  public static final long LENGTH_MS = 7_200_000;

  private BlockSpan() {}

  /** Returns the start, in milliseconds since 1970, of the block in which a time lies. */
  public static long startOf(long timeMs) {
    return timeMs - Math.floorMod(timeMs, LENGTH_MS);
  }
}
