package io.tidegrid.persist;

import io.tidegrid.tier.RollupColumns;

/**
 * The windows of one series and span as the columns of a row of {@code rollup_1m} and its like:
 * what is the same in all windows once, numbers as {@link DecimalColumn}s, and nothing of what
 * follows from the rest. Holds one row at a time and reuses its arrays. Not safe for use by many
 * threads.
 */
final class RollupRowColumns {

  private final DecimalColumn levels = new DecimalColumn();
  private final DecimalColumn sums = new DecimalColumn();
  private final DecimalColumn increases = new DecimalColumn();
  private double[] levelValues = new double[512];
  private int[] windows = new int[128];
  private int[] counts = new int[128];
  private int[] edges = new int[256];
  private int[] resets = new int[128];
  private boolean gaps;
  private boolean equalCounts;
  private boolean equalEdges;
  private boolean anyReset;
  private boolean impliedIncreases;

  /**
   * Takes the windows with indices from {@code from} to {@code to}, at least one.
   *
   * @throws IllegalArgumentException when a window does not lie in the span, or what it says is not
   *     possible
   */
  void take(long spanMs, long spanLengthMs, long windowMs, RollupColumns of, int from, int to) {
    int n = to - from;
    if (n <= 0) {
      throw new IllegalArgumentException("a row needs windows");
    }
    if (windows.length < n) {
      windows = new int[n];
      counts = new int[n];
      edges = new int[2 * n];
      resets = new int[n];
      levelValues = new double[4 * n];
    }
    takeTimes(spanMs, spanLengthMs, windowMs, of, from, n);
    takeLevels(of, from, n);
    sums.take(of.sums(), from, n);
    impliedIncreases = true;
    for (int i = from; i < to; i++) {
      double implied = of.lasts()[i] - of.firsts()[i];
      // Beyond the range of doubles SQL raises an error where Java gives infinity.
      impliedIncreases &=
          Math.abs(implied) <= Double.MAX_VALUE
              && Double.doubleToRawLongBits(implied)
                  == Double.doubleToRawLongBits(of.increases()[i]);
    }
    increases.take(of.increases(), from, n);
  }

  private void takeTimes(
      long spanMs, long spanLengthMs, long windowMs, RollupColumns of, int from, int n) {
    gaps = false;
    equalCounts = true;
    equalEdges = true;
    anyReset = false;
    for (int i = 0; i < n; i++) {
      long offset = of.starts()[from + i] - spanMs;
      if (offset < 0
          || offset >= spanLengthMs
          || offset % windowMs != 0
          || (i > 0 && offset / windowMs <= windows[i - 1])) {
        throw new IllegalArgumentException(
            "the window " + of.starts()[from + i] + " is out of order or not of " + spanMs);
      }
      windows[i] = (int) (offset / windowMs);
      counts[i] = Math.toIntExact(of.counts()[from + i]);
      edges[i] = edge(of.firstTimes()[from + i] - of.starts()[from + i], windowMs);
      edges[n + i] = edge(of.lastTimes()[from + i] - of.starts()[from + i], windowMs);
      resets[i] = of.resets()[from + i];
      if (counts[i] <= 0 || of.histograms()[from + i] == null) {
        throw new IllegalArgumentException("a window has no values");
      }
      gaps |= windows[i] != windows[0] + i;
      equalCounts &= counts[i] == counts[0];
      equalEdges &= edges[i] == edges[0] && edges[n + i] == edges[n];
      anyReset |= resets[i] != 0;
    }
  }

  private static int edge(long offset, long windowMs) {
    if (offset < 0 || offset >= windowMs) {
      throw new IllegalArgumentException("a window's first or last sample is not in it");
    }
    return (int) offset;
  }

  private void takeLevels(RollupColumns of, int from, int n) {
    System.arraycopy(of.firsts(), from, levelValues, 0, n);
    System.arraycopy(of.lasts(), from, levelValues, n, n);
    boolean rising = true;
    for (int i = from; i < from + n; i++) {
      rising &=
          Double.doubleToRawLongBits(of.mins()[i]) == Double.doubleToRawLongBits(of.firsts()[i])
              && Double.doubleToRawLongBits(of.maxs()[i])
                  == Double.doubleToRawLongBits(of.lasts()[i]);
    }
    if (!rising) {
      System.arraycopy(of.mins(), from, levelValues, 2 * n, n);
      System.arraycopy(of.maxs(), from, levelValues, 3 * n, n);
    }
    levels.take(levelValues, 0, rising ? 2 * n : 4 * n);
  }

  /** Returns the numbers of the windows in the span. */
  int[] windows() {
    return windows;
  }

  /** Tells whether windows are missing between the first and the last. */
  boolean hasGaps() {
    return gaps;
  }

  int[] counts() {
    return counts;
  }

  boolean hasEqualCounts() {
    return equalCounts;
  }

  /** Returns the offsets of the first samples from their windows' starts, then of the last. */
  int[] edges() {
    return edges;
  }

  boolean hasEqualEdges() {
    return equalEdges;
  }

  int[] resets() {
    return resets;
  }

  boolean hasResets() {
    return anyReset;
  }

  /** Returns firsts, lasts, and unless these are the same, least and greatest values. */
  DecimalColumn levels() {
    return levels;
  }

  DecimalColumn sums() {
    return sums;
  }

  DecimalColumn increases() {
    return increases;
  }

  /** Tells whether each increase is the last value less the first. */
  boolean hasImpliedIncreases() {
    return impliedIncreases;
  }
}
