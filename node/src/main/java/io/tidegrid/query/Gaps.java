package io.tidegrid.query;

import java.util.Arrays;

/** Where samples are much further apart than is usual in their series. */
final class Gaps {

  /** Of so many distances the median is taken. */
  private static final int PROBES = 1_023;

  /** Steps of the golden ratio spread evenly and follow no rhythm that the samples may have. */
  private static final double GOLDEN = 0.6180339887498949;

  private Gaps() {}

  /**
   * Returns where the spans between gaps begin, the number of samples at the end.
   *
   * @param times ascending, more than {@code points}
   * @param points how many samples may stay, at least 2
   */
  static int[] spans(long[] times, int points) {
    long bound = bound(times);
    int[] starts = new int[16];
    int spans = 1;
    for (int i = 1; i < times.length; i++) {
      if (times[i] - times[i - 1] > bound) {
        if (spans + 1 >= starts.length) {
          starts = Arrays.copyOf(starts, starts.length * 2);
        }
        starts[spans++] = i;
      }
    }
    starts[spans] = times.length;
    starts = Arrays.copyOf(starts, spans + 1);
    return ends(starts) <= points ? starts : longest(times, starts, points);
  }

  /** Returns how many samples are the first or the last of a span. */
  static int ends(int[] starts) {
    int ends = 0;
    for (int i = 1; i < starts.length; i++) {
      ends += Math.min(2, starts[i] - starts[i - 1]);
    }
    return ends;
  }

  /** Keeps the longest gaps, the earlier of equal ones. */
  private static int[] longest(long[] times, int[] starts, int points) {
    int gaps = starts.length - 2;
    // The first and the last sample and two for each gap are at most half of the points.
    int most = Math.max(0, points / 2 - 2) / 2;
    long[] widths = new long[gaps];
    for (int i = 0; i < gaps; i++) {
      widths[i] = times[starts[i + 1]] - times[starts[i + 1] - 1];
    }
    long[] sorted = widths.clone();
    Arrays.sort(sorted);
    long least = most == 0 ? Long.MAX_VALUE : sorted[gaps - most];
    int equal = most;
    for (int i = gaps - 1; i >= 0 && sorted[i] > least; i--) {
      equal--;
    }
    int[] kept = new int[most + 2];
    int spans = 1;
    for (int i = 0; i < gaps && spans <= most; i++) {
      if (widths[i] > least || (widths[i] == least && equal-- > 0)) {
        kept[spans++] = starts[i + 1];
      }
    }
    kept[spans] = times.length;
    return kept;
  }

  /** Returns the distance above which there is a gap. */
  private static long bound(long[] times) {
    int distances = times.length - 1;
    long[] probes = new long[Math.min(distances, PROBES)];
    for (int i = 0; i < probes.length; i++) {
      double at = (i + 1) * GOLDEN;
      int probe = distances <= PROBES ? i : (int) ((at - (long) at) * distances);
      probes[i] = times[probe + 1] - times[probe];
    }
    Arrays.sort(probes);
    return Downsample.GAP * probes[probes.length / 2];
  }
}
