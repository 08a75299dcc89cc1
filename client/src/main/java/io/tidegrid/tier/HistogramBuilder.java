package io.tidegrid.tier;

/**
 * Counts values into an {@link ExponentialHistogram}, and reads such histograms from their bytes
 * without making objects of them. To be cleared and used again. Not safe for use by many threads.
 *
 * <p>The form of the bytes, all numbers as varints (seven bits a byte, low ones first), signed ones
 * zigzag: scale (signed), count of zeros, of +Inf, of -Inf, then for positive and negative values:
 * number of buckets in use, and for each, ascending, the distance of its index from the one before
 * (the first: the index, signed) and its count.
 */
public final class HistogramBuilder {

  /** A power of two above {@link ExponentialHistogram#MAX_BUCKETS}. */
  private static final int RING = 256;

  private static final int SUBS = 1 << ExponentialHistogram.MAX_SCALE;
  private static final double[] BOUNDS = bounds();
  private static final byte[] NO_BUCKETS = {8, 0, 0, 0, 0, 0};

  private final Buckets positive = new Buckets();
  private final Buckets negative = new Buckets();
  private int scale = ExponentialHistogram.MAX_SCALE;
  private long zeros;
  private long highs;
  private long lows;
  private byte[] out = new byte[64];
  private int outSize;

  /** The counts of one sign, by index, in a ring that is wider than the span may be. */
  private static final class Buckets {
    private final long[] counts = new long[RING];
    private int least = Integer.MAX_VALUE;
    private int greatest = Integer.MIN_VALUE;
    private long total;

    boolean isEmpty() {
      return total == 0;
    }

    boolean fits(int index) {
      return isEmpty()
          || (long) Math.max(greatest, index) - Math.min(least, index)
              < ExponentialHistogram.MAX_BUCKETS;
    }

    void add(int index, long count) {
      counts[index & (RING - 1)] += count;
      least = Math.min(least, index);
      greatest = Math.max(greatest, index);
      total += count;
    }

    /** Joins buckets so that there are half as many for each power of two. */
    void halve() {
      if (isEmpty()) {
        return;
      }
      int from = least;
      int to = greatest;
      long[] before = new long[to - from + 1];
      for (int i = from; i <= to; i++) {
        before[i - from] = counts[i & (RING - 1)];
        counts[i & (RING - 1)] = 0;
      }
      least = from >> 1;
      greatest = to >> 1;
      for (int i = from; i <= to; i++) {
        counts[(i >> 1) & (RING - 1)] += before[i - from];
      }
    }

    void clear() {
      for (int i = least; i <= greatest; i++) {
        counts[i & (RING - 1)] = 0;
      }
      least = Integer.MAX_VALUE;
      greatest = Integer.MIN_VALUE;
      total = 0;
    }
  }

  private static double[] bounds() {
    double[] bounds = new double[SUBS];
    for (int i = 0; i < SUBS; i++) {
      bounds[i] = Math.pow(2, (double) i / SUBS);
    }
    return bounds;
  }

  /** Forgets all values. */
  public void clear() {
    positive.clear();
    negative.clear();
    scale = ExponentialHistogram.MAX_SCALE;
    zeros = 0;
    highs = 0;
    lows = 0;
  }

  /** Counts a value; NaN is skipped, infinities are counted apart. */
  public void add(double value) {
    if (value > 0) {
      if (value == Double.POSITIVE_INFINITY) {
        highs++;
      } else {
        add(positive, index(value), 1);
      }
    } else if (value < 0) {
      if (value == Double.NEGATIVE_INFINITY) {
        lows++;
      } else {
        add(negative, index(-value), 1);
      }
    } else if (value == 0) {
      zeros++;
    }
  }

  /** Returns the index of a positive, finite value at the finest scale. */
  private static int index(double value) {
    int exponent = Math.getExponent(value);
    double scaled = value;
    int shift = 0;
    if (exponent < Double.MIN_EXPONENT) {
      scaled = value * 0x1p60;
      shift = 60;
      exponent = Math.getExponent(scaled);
    }
    double mantissa =
        Double.longBitsToDouble(
            (Double.doubleToRawLongBits(scaled) & 0x000F_FFFF_FFFF_FFFFL) | 0x3FF0_0000_0000_0000L);
    int sub = 0;
    for (int step = SUBS / 2; step > 0; step /= 2) {
      sub += mantissa >= BOUNDS[sub + step] ? step : 0;
    }
    return (exponent - shift) * SUBS + sub;
  }

  private void add(Buckets buckets, int finest, long count) {
    int index = finest >> (ExponentialHistogram.MAX_SCALE - scale);
    while (!buckets.fits(index)) {
      coarsen();
      index = finest >> (ExponentialHistogram.MAX_SCALE - scale);
    }
    buckets.add(index, count);
  }

  private void coarsen() {
    scale--;
    positive.halve();
    negative.halve();
  }

  /**
   * Counts all values of another histogram.
   *
   * @throws IllegalArgumentException when the bytes are no histogram
   */
  public void addEncoded(byte[] encoded) {
    addEncoded(encoded, 0, encoded.length);
  }

  /**
   * The same, of a part of an array.
   *
   * @throws IllegalArgumentException when the bytes are no histogram
   */
  public void addEncoded(byte[] encoded, int from, int to) {
    Reader in = new Reader(encoded, from, to);
    int theirs = (int) in.signed();
    if (theirs > ExponentialHistogram.MAX_SCALE || theirs < -12) {
      throw new IllegalArgumentException("not a histogram: scale " + theirs);
    }
    while (scale > theirs) {
      coarsen();
    }
    zeros += in.unsigned();
    highs += in.unsigned();
    lows += in.unsigned();
    addEncoded(positive, theirs, in);
    addEncoded(negative, theirs, in);
    if (in.at != to) {
      throw new IllegalArgumentException("not a histogram: bytes after its end");
    }
  }

  private void addEncoded(Buckets buckets, int theirs, Reader in) {
    long used = in.unsigned();
    if (used > ExponentialHistogram.MAX_BUCKETS) {
      throw new IllegalArgumentException("not a histogram: " + used + " buckets");
    }
    long index = 0;
    for (int i = 0; i < used; i++) {
      index = i == 0 ? in.signed() : index + in.unsigned();
      long count = in.unsigned();
      if (Math.abs(index) > 1 << 16) {
        throw new IllegalArgumentException("not a histogram: index " + index);
      }
      int mine = (int) index >> (theirs - scale);
      while (!buckets.fits(mine)) {
        coarsen();
        mine = (int) index >> (theirs - scale);
      }
      buckets.add(mine, count);
    }
  }

  /** Reads varints. */
  private static final class Reader {
    private final byte[] bytes;
    private final int end;
    private int at;

    Reader(byte[] bytes, int from, int to) {
      this.bytes = bytes;
      this.at = from;
      this.end = to;
    }

    long unsigned() {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        if (at >= end) {
          throw new IllegalArgumentException("not a histogram: it ends early");
        }
        byte next = bytes[at++];
        value |= (next & 0x7FL) << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw new IllegalArgumentException("not a histogram: a number is too long");
    }

    long signed() {
      long value = unsigned();
      return (value >>> 1) ^ -(value & 1);
    }
  }

  /** Returns how many values were counted. */
  public long count() {
    return positive.total + negative.total + zeros + highs + lows;
  }

  int scale() {
    return scale;
  }

  /**
   * Returns the value below which a share of the values lie, as {@link
   * ExponentialHistogram#quantile}.
   */
  public double quantile(double share) {
    long count = count();
    if (count == 0 || Double.isNaN(share)) {
      return Double.NaN;
    }
    double rank = Math.clamp(share, 0, 1) * (count - 1);
    long lower = (long) rank;
    double weight = rank - lower;
    double low = valueAt(lower);
    if (weight == 0) {
      return low;
    }
    double high = valueAt(lower + 1);
    return low == high ? low : low * (1 - weight) + high * weight;
  }

  /** Returns the middle of the bucket in which the value of a rank, from 0, lies. */
  private double valueAt(long rank) {
    long left = rank - lows;
    if (left < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    for (int i = negative.greatest; i >= negative.least && !negative.isEmpty(); i--) {
      left -= negative.counts[i & (RING - 1)];
      if (left < 0) {
        return -middle(i);
      }
    }
    left -= zeros;
    if (left < 0) {
      return 0;
    }
    for (int i = positive.least; i <= positive.greatest && !positive.isEmpty(); i++) {
      left -= positive.counts[i & (RING - 1)];
      if (left < 0) {
        return middle(i);
      }
    }
    return Double.POSITIVE_INFINITY;
  }

  /** The value whose relative distance to both bounds is the same. */
  private double middle(int index) {
    double width = Math.pow(2, -scale);
    double low = Math.pow(2, index * width);
    double factor = Math.pow(2, width);
    double middle = low * (2 * factor / (1 + factor));
    return Double.isInfinite(middle) ? Double.MAX_VALUE : middle;
  }

  /** Returns the histogram of what was counted. */
  public ExponentialHistogram build() {
    return new ExponentialHistogram(encode());
  }

  /** Returns the bytes of the histogram of what was counted. */
  public byte[] encode() {
    if (count() == 0) {
      return NO_BUCKETS.clone();
    }
    outSize = 0;
    signed(scale);
    unsigned(zeros);
    unsigned(highs);
    unsigned(lows);
    encode(positive);
    encode(negative);
    return java.util.Arrays.copyOf(out, outSize);
  }

  private void encode(Buckets buckets) {
    int used = 0;
    for (int i = buckets.least; i <= buckets.greatest; i++) {
      used += buckets.counts[i & (RING - 1)] > 0 ? 1 : 0;
    }
    unsigned(used);
    boolean first = true;
    int last = 0;
    for (int i = buckets.least; i <= buckets.greatest; i++) {
      long count = buckets.counts[i & (RING - 1)];
      if (count > 0) {
        if (first) {
          signed(i);
        } else {
          unsigned((long) i - last);
        }
        unsigned(count);
        first = false;
        last = i;
      }
    }
  }

  private void signed(long value) {
    unsigned((value << 1) ^ (value >> 63));
  }

  private void unsigned(long value) {
    if (outSize + 10 > out.length) {
      out = java.util.Arrays.copyOf(out, out.length * 2);
    }
    long left = value;
    while ((left & ~0x7FL) != 0) {
      out[outSize++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    out[outSize++] = (byte) left;
  }
}
