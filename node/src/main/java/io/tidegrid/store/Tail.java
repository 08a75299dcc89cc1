package io.tidegrid.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The newest samples of a series in a block, not yet encoded, in one array: the number of samples,
 * then for each its offset from the block's start in milliseconds and the bits of its value. One
 * array, since every object on the way to a sample costs the appending thread a cache miss.
 *
 * <p>Samples are only added, in place, and the number is published last: a reader sees a prefix.
 */
final class Tail {

  /** Enough samples for the codec to do well, few enough to hold plain. */
  static final int MAX_SAMPLES = 120;

  /** The tail of a series without samples. */
  static final long[] EMPTY = {0};

  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private Tail() {}

  /** Returns the number of samples that can be read. */
  static int size(long[] tail) {
    return (int) (long) LONGS.getAcquire(tail, 0);
  }

  static int offset(long[] tail, int i) {
    return (int) tail[1 + 2 * i];
  }

  static double value(long[] tail, int i) {
    return Double.longBitsToDouble(tail[2 + 2 * i]);
  }

  static int capacity(long[] tail) {
    return tail.length >> 1;
  }

  static long[] create(int capacity) {
    return new long[1 + 2 * capacity];
  }

  /** Returns a copy with more room, up to {@link #MAX_SAMPLES}. */
  static long[] grow(long[] tail) {
    return Arrays.copyOf(tail, 1 + 2 * Math.clamp(capacity(tail) * 4L, 4, MAX_SAMPLES));
  }

  /** Adds sample {@code n}, for which there must be room. */
  static void add(long[] tail, int n, int offset, double value) {
    tail[1 + 2 * n] = offset;
    tail[2 + 2 * n] = Double.doubleToRawLongBits(value);
    LONGS.setRelease(tail, 0, n + 1L);
  }

  /** Returns the place of the sample with the offset; negative when there is none. */
  static int find(long[] tail, int offset) {
    int low = 0;
    int high = size(tail) - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int found = offset(tail, middle);
      if (found == offset) {
        return middle;
      }
      if (found < offset) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }
}
