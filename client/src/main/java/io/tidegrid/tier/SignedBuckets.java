package io.tidegrid.tier;

import java.util.Arrays;

/**
 * The counts of the values of one sign by the index of their bucket, in a ring that is wider than
 * the indexes may be apart. The counts at the least and the greatest index are not zero, those
 * outside are.
 */
final class SignedBuckets {

  /** A power of two above {@link ExponentialHistogram#MAX_BUCKETS}. */
  static final int RING = 256;

  private static final int MASK = RING - 1;

  private final long[] counts = new long[RING];

  /** A bit for each place of the ring whose count is not zero. */
  private final long[] occupied = new long[RING / Long.SIZE];

  private int least = Integer.MAX_VALUE;
  private int greatest = Integer.MIN_VALUE;
  private long total;

  boolean isEmpty() {
    return least > greatest;
  }

  long total() {
    return total;
  }

  int least() {
    return least;
  }

  int greatest() {
    return greatest;
  }

  boolean holds(int index) {
    return index >= least && index <= greatest;
  }

  /**
   * Returns whether indexes from {@code low} to {@code high} can be held beside those there are.
   */
  boolean fits(int low, int high) {
    return Math.max(greatest, high) - Math.min(least, low) < ExponentialHistogram.MAX_BUCKETS;
  }

  /** Makes room; values must be added at both ends before anything else is asked. */
  void widen(int low, int high) {
    least = Math.min(least, low);
    greatest = Math.max(greatest, high);
  }

  /** Counts a value at an index that is held. */
  void increment(int index) {
    occupy(index);
    counts[index & MASK]++;
    total++;
  }

  private void occupy(int index) {
    occupied[(index & MASK) / Long.SIZE] |= 1L << index;
  }

  /** Counts values, at least one, at an index that is held. */
  void add(int index, long count) {
    occupy(index);
    counts[index & MASK] += count;
    total += count;
  }

  long count(int index) {
    return counts[index & MASK];
  }

  /** Returns how many buckets are not empty. */
  int used() {
    int used = 0;
    for (long word : occupied) {
      used += Long.bitCount(word);
    }
    return used;
  }

  /** Returns the next index whose bucket is not empty, after one that is below the greatest. */
  int next(int index) {
    int at = index + 1;
    while (true) {
      long left = occupied[(at & MASK) / Long.SIZE] >>> at;
      if (left != 0) {
        return at + Long.numberOfTrailingZeros(left);
      }
      at = (at | (Long.SIZE - 1)) + 1;
    }
  }

  /**
   * Joins neighbours, so that there are half as many buckets for each power of two.
   *
   * @param scratch room for {@link #RING} counts
   */
  void halve(long[] scratch) {
    if (isEmpty()) {
      return;
    }
    // Halved indexes may fall on the places of those not yet read, so all are read first.
    for (int i = least; i <= greatest; i++) {
      scratch[i - least] = counts[i & MASK];
      counts[i & MASK] = 0;
    }
    Arrays.fill(occupied, 0);
    for (int i = least; i <= greatest; i++) {
      long count = scratch[i - least];
      if (count != 0) {
        occupy(i >> 1);
        counts[(i >> 1) & MASK] += count;
      }
    }
    least >>= 1;
    greatest >>= 1;
  }

  void clear() {
    if (isEmpty()) {
      return;
    }
    int from = least & MASK;
    int to = greatest & MASK;
    if (from <= to) {
      Arrays.fill(counts, from, to + 1, 0);
    } else {
      Arrays.fill(counts, from, RING, 0);
      Arrays.fill(counts, 0, to + 1, 0);
    }
    Arrays.fill(occupied, 0);
    least = Integer.MAX_VALUE;
    greatest = Integer.MIN_VALUE;
    total = 0;
  }
}
