package io.tidegrid.tier;

import java.util.Arrays;

/**
 * Counts values into an {@link ExponentialHistogram}, and reads such histograms from their bytes
 * without making objects of them. To be cleared and used again. Not safe for use by many threads.
 *
 * <p>The form of the bytes, all numbers as varints (seven bits a byte, low ones first, no more
 * bytes than needed), signed ones zigzag: scale (signed), count of zeros, of +Inf, of -Inf, then
 * for positive and negative values: number of buckets in use, and for each, ascending, the distance
 * of its index from the one before (the first: the index, signed) and its count.
 */
public final class HistogramBuilder {

  /** The most bytes of a number. */
  private static final int VARINT_BYTES = 10;

  private final SignedBuckets positive = new SignedBuckets();
  private final SignedBuckets negative = new SignedBuckets();
  private long[] scratch = {};
  private final HistogramReader reader = new HistogramReader();

  /** How far indexes of the finest scale are shifted. */
  private int shift;

  private long zeros;
  private long highs;
  private long lows;
  private byte[] out = new byte[64];

  /** Forgets all values. */
  public void clear() {
    positive.clear();
    negative.clear();
    shift = 0;
    zeros = 0;
    highs = 0;
    lows = 0;
  }

  /** Counts a value; NaN is skipped, infinities are counted apart. */
  public void add(double value) {
    long bits = Double.doubleToRawLongBits(value);
    if (value == 0) {
      zeros++;
    } else if (Math.abs(value) <= Double.MAX_VALUE) {
      SignedBuckets buckets = bits < 0 ? negative : positive;
      int finest = BucketBounds.finestIndex(bits);
      int index = finest >> shift;
      if (!buckets.holds(index)) {
        widen(buckets, finest, finest, ExponentialHistogram.MAX_SCALE);
        index = finest >> shift;
      }
      buckets.increment(index);
    } else if (value == Double.POSITIVE_INFINITY) {
      highs++;
    } else if (value == Double.NEGATIVE_INFINITY) {
      lows++;
    }
  }

  /** Makes room for indexes of a scale that is no coarser than this one. */
  private void widen(SignedBuckets buckets, int low, int high, int theirs) {
    int by = theirs - scale();
    while (!buckets.fits(low >> by, high >> by)) {
      coarsen();
      by++;
    }
    buckets.widen(low >> by, high >> by);
  }

  private void coarsen() {
    if (scratch.length == 0) {
      scratch = new long[SignedBuckets.RING];
    }
    shift++;
    positive.halve(scratch);
    negative.halve(scratch);
  }

  /**
   * Counts all values of another histogram.
   *
   * @throws IllegalArgumentException when the bytes are no histogram, or there are more than 2^63 -
   *     1 values with it; nothing is counted then
   */
  public void addEncoded(byte[] encoded) {
    addEncoded(encoded, 0, encoded.length);
  }

  /**
   * The same, of a part of an array.
   *
   * @param from where it begins
   * @param to where it ends, exclusive
   * @throws IllegalArgumentException when the bytes are no histogram, or there are more than 2^63 -
   *     1 values with it; nothing is counted then
   */
  public void addEncoded(byte[] encoded, int from, int to) {
    reader.read(encoded, from, to);
    if (count() + reader.total() < 0) {
      throw new IllegalArgumentException("more values than can be counted");
    }
    while (scale() > reader.scale()) {
      coarsen();
    }
    zeros += reader.zeros();
    highs += reader.highs();
    lows += reader.lows();
    addRead(positive, 0, reader.positives());
    addRead(negative, reader.positives(), reader.all());
  }

  private void addRead(SignedBuckets buckets, int from, int to) {
    if (from == to) {
      return;
    }
    widen(buckets, reader.index(from), reader.index(to - 1), reader.scale());
    int by = reader.scale() - scale();
    for (int i = from; i < to; i++) {
      buckets.add(reader.index(i) >> by, reader.count(i));
    }
  }

  /** Returns how many values were counted. */
  public long count() {
    return positive.total() + negative.total() + zeros + highs + lows;
  }

  int scale() {
    return ExponentialHistogram.MAX_SCALE - shift;
  }

  /**
   * Returns the value below which a share of the values lie, as {@link
   * ExponentialHistogram#quantile}. Linear in the buckets.
   *
   * @param share from 0 to 1; what is outside is taken for the nearer of them
   */
  public double quantile(double share) {
    return quantile(share, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
  }

  /**
   * The same, where the least and the greatest value are known: what is estimated is never outside
   * them, so that it is exact when all values are equal, or when there are but two.
   *
   * @param share from 0 to 1; what is outside is taken for the nearer of them
   * @param min the least of the values
   * @param max the greatest of the values
   */
  public double quantile(double share, double min, double max) {
    long count = count();
    if (count == 0 || Double.isNaN(share)) {
      return Double.NaN;
    }
    double rank = Math.clamp(share, 0, 1) * (count - 1);
    // From 2^53 on the rank is rounded, upwards too.
    long lower = Math.min((long) rank, count - 1);
    double weight = rank - lower;
    double low = valueAt(lower, min, max);
    if (weight <= 0 || lower == count - 1) {
      return low;
    }
    double high = valueAt(lower + 1, min, max);
    return low == high ? low : low * (1 - weight) + high * weight;
  }

  private double valueAt(long rank, double min, double max) {
    if (rank == 0 && min > Double.NEGATIVE_INFINITY) {
      return min;
    }
    if (rank == count() - 1 && max < Double.POSITIVE_INFINITY) {
      return max;
    }
    return Math.clamp(valueAt(rank), min, max);
  }

  /** Returns the middle of the bucket in which the value of a rank, from 0, lies. */
  private double valueAt(long rank) {
    long left = rank - lows;
    if (left < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (left < negative.total()) {
      int index = negative.greatest();
      for (left -= negative.count(index); left >= 0; left -= negative.count(index)) {
        index--;
      }
      return -BucketBounds.middle(index, scale());
    }
    left -= negative.total() + zeros;
    if (left < 0) {
      return 0;
    }
    if (left < positive.total()) {
      int index = positive.least();
      for (left -= positive.count(index); left >= 0; left -= positive.count(index)) {
        index = positive.next(index);
      }
      return BucketBounds.middle(index, scale());
    }
    return Double.POSITIVE_INFINITY;
  }

  /** Returns the histogram of what was counted. */
  public ExponentialHistogram build() {
    return new ExponentialHistogram(encode());
  }

  /** Returns the bytes of the histogram of what was counted. */
  public byte[] encode() {
    int bound = encodedBound();
    if (out.length < bound) {
      out = new byte[bound * 2];
    }
    return Arrays.copyOf(out, encode(out, 0));
  }

  /** Returns how many bytes the histogram takes at most. */
  public int encodedBound() {
    return 6 * VARINT_BYTES + encodedBound(positive) + encodedBound(negative);
  }

  private static int encodedBound(SignedBuckets buckets) {
    return buckets.isEmpty() ? 0 : 2 * VARINT_BYTES * (buckets.greatest() - buckets.least() + 1);
  }

  /**
   * Writes the bytes of the histogram of what was counted.
   *
   * @param into has room for {@link #encodedBound()} bytes from {@code at} on
   * @return where they end, exclusive
   */
  public int encode(byte[] into, int at) {
    int next = signed(scale(), into, at);
    next = unsigned(zeros, into, next);
    next = unsigned(highs, into, next);
    next = unsigned(lows, into, next);
    next = encode(positive, into, next);
    return encode(negative, into, next);
  }

  private static int encode(SignedBuckets buckets, byte[] into, int at) {
    if (buckets.isEmpty()) {
      into[at] = 0;
      return at + 1;
    }
    int next = unsigned(buckets.used(), into, at);
    int last = buckets.least();
    next = signed(last, into, next);
    next = unsigned(buckets.count(last), into, next);
    while (last < buckets.greatest()) {
      int index = buckets.next(last);
      next = unsigned(index - last, into, next);
      next = unsigned(buckets.count(index), into, next);
      last = index;
    }
    return next;
  }

  private static int signed(long value, byte[] into, int at) {
    return unsigned((value << 1) ^ (value >> 63), into, at);
  }

  private static int unsigned(long value, byte[] into, int at) {
    int next = at;
    long left = value;
    while ((left & ~0x7FL) != 0) {
      into[next++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    into[next++] = (byte) left;
    return next;
  }
}
