package io.tidegrid.store;

import java.util.Arrays;

/**
 * The series (as their numbers in the directory, ascending) that have one label value. Numbers are
 * only ever added, each larger than the last, by one thread; readers see a prefix of them.
 */
final class Postings {

  static final int[] NONE = {};

  private volatile int[] refs = new int[2];
  private volatile int size;

  void add(int ref) {
    int n = size;
    if (n == refs.length) {
      refs = Arrays.copyOf(refs, n * 2);
    }
    refs[n] = ref;
    size = n + 1;
  }

  int size() {
    return size;
  }

  /** Returns the numbers added so far in an array of their own. */
  int[] snapshot() {
    int n = size;
    return Arrays.copyOf(refs, n);
  }

  static int[] intersect(int[] a, int[] b) {
    int[] small = a.length <= b.length ? a : b;
    int[] large = a.length <= b.length ? b : a;
    int[] result = new int[small.length];
    int n = 0;
    int from = 0;
    for (int ref : small) {
      int at = gallop(large, from, ref);
      if (at < large.length && large[at] == ref) {
        result[n++] = ref;
      }
      from = at;
    }
    return Arrays.copyOf(result, n);
  }

  static int[] subtract(int[] a, int[] b) {
    int[] result = new int[a.length];
    int n = 0;
    int from = 0;
    for (int ref : a) {
      from = gallop(b, from, ref);
      if (from == b.length || b[from] != ref) {
        result[n++] = ref;
      }
    }
    return Arrays.copyOf(result, n);
  }

  static int[] union(java.util.List<int[]> all) {
    if (all.size() == 1) {
      return all.getFirst();
    }
    int total = 0;
    for (int[] one : all) {
      total += one.length;
    }
    int[] merged = new int[total];
    int at = 0;
    for (int[] one : all) {
      System.arraycopy(one, 0, merged, at, one.length);
      at += one.length;
    }
    // The values of one label are disjoint, so there is nothing to make distinct.
    Arrays.sort(merged);
    return merged;
  }

  /** Returns the first place at or after {@code from} whose value is not below {@code ref}. */
  private static int gallop(int[] sorted, int from, int ref) {
    int step = 1;
    int low = from;
    int high = from;
    while (high < sorted.length && sorted[high] < ref) {
      low = high + 1;
      high += step;
      step <<= 1;
    }
    high = Math.min(high, sorted.length);
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < ref) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
