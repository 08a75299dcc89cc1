package io.tidegrid.tier;

import java.util.Arrays;

/**
 * Reads the bytes of a histogram and checks them whole, so that what is not a histogram changes
 * nothing. To be used again and again. Not safe for use by many threads.
 */
final class HistogramReader {

  /** Small at first, as many builders may be open at once and most histograms have few buckets. */
  private int[] indexes = new int[16];

  private long[] counts = new long[16];
  private byte[] bytes = {};
  private int at;
  private int end;
  private int scale;
  private long zeros;
  private long highs;
  private long lows;
  private long total;
  private int positives;
  private int all;

  /**
   * Reads a histogram. Linear in the bytes.
   *
   * @throws IllegalArgumentException when the bytes are not what {@link HistogramBuilder#encode()}
   *     returns for some values
   */
  void read(byte[] from, int fromAt, int to) {
    bytes = from;
    at = fromAt;
    end = to;
    long readScale = signed();
    if (readScale > ExponentialHistogram.MAX_SCALE || readScale < BucketBounds.MIN_SCALE) {
      throw refused("scale " + readScale);
    }
    scale = (int) readScale;
    total = 0;
    zeros = counted();
    highs = counted();
    lows = counted();
    positives = buckets(0);
    all = buckets(positives);
    if (at != end) {
      throw refused("bytes after its end");
    }
    if (scale < ExponentialHistogram.MAX_SCALE && narrow(0, positives) && narrow(positives, all)) {
      throw refused("scale " + scale + " is coarser than its buckets need");
    }
  }

  /** Returns whether these buckets would be few enough at the next finer scale too. */
  private boolean narrow(int from, int to) {
    return from == to
        || 2 * (indexes[to - 1] - indexes[from]) + 1 < ExponentialHistogram.MAX_BUCKETS;
  }

  private int buckets(int from) {
    long used = unsigned();
    if (used < 0 || used > ExponentialHistogram.MAX_BUCKETS) {
      throw refused(used + " buckets");
    }
    int to = from + (int) used;
    if (used == 0) {
      return to;
    }
    if (to > indexes.length) {
      indexes = Arrays.copyOf(indexes, to * 2);
      counts = Arrays.copyOf(counts, to * 2);
    }
    int least = BucketBounds.least(scale);
    int greatest = BucketBounds.greatest(scale);
    long index = signed();
    if (index < least || index > greatest) {
      throw refused("index " + index);
    }
    indexes[from] = (int) index;
    counts[from] = counted();
    long fewest = counts[from];
    long small = 0;
    int next = at;
    for (int i = from + 1; i < to; i++) {
      long distance;
      if (end - next >= 2 && (bytes[next] | bytes[next + 1]) >= 0) {
        // Nearly always both are of one byte.
        distance = bytes[next];
        counts[i] = bytes[next + 1];
        small += counts[i];
        next += 2;
      } else {
        at = next;
        distance = unsigned();
        counts[i] = counted();
        next = at;
      }
      // The distance alone may be near the greatest long, so it is looked at before it is added.
      if (distance < 1 || distance >= ExponentialHistogram.MAX_BUCKETS) {
        throw refused("buckets " + distance + " apart");
      }
      index += distance;
      indexes[i] = (int) index;
      fewest = Math.min(fewest, counts[i]);
    }
    at = next;
    total += small;
    if (total < 0) {
      throw refused("more values than can be counted");
    }
    if (index > greatest) {
      throw refused("index " + index);
    }
    if (fewest == 0) {
      throw refused("an empty bucket");
    }
    if (indexes[to - 1] - indexes[from] >= ExponentialHistogram.MAX_BUCKETS) {
      throw refused("buckets too far apart");
    }
    return to;
  }

  private long counted() {
    long count = unsigned();
    total += count;
    if (count < 0 || total < 0) {
      throw refused("more values than can be counted");
    }
    return count;
  }

  private long unsigned() {
    if (at < end && bytes[at] >= 0) {
      return bytes[at++];
    }
    return longer();
  }

  /** Kept apart from the numbers of one byte, so that their way stays short. */
  private long longer() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at >= end) {
        throw refused("it ends early");
      }
      byte next = bytes[at++];
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        if (next == 0 || (shift == 63 && next > 1)) {
          throw refused("a number is not written as it should be");
        }
        return value;
      }
    }
    throw refused("a number is too long");
  }

  private long signed() {
    long value = unsigned();
    return (value >>> 1) ^ -(value & 1);
  }

  private static IllegalArgumentException refused(String what) {
    return new IllegalArgumentException("not a histogram: " + what);
  }

  int scale() {
    return scale;
  }

  long zeros() {
    return zeros;
  }

  long highs() {
    return highs;
  }

  long lows() {
    return lows;
  }

  long total() {
    return total;
  }

  /** Returns how many buckets of positive values were read; they come first. */
  int positives() {
    return positives;
  }

  /** Returns how many buckets were read. */
  int all() {
    return all;
  }

  int index(int i) {
    return indexes[i];
  }

  long count(int i) {
    return counts[i];
  }
}
