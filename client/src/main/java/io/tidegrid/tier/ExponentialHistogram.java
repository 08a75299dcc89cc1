package io.tidegrid.tier;

import java.util.Arrays;

/**
 * How often values occurred, in buckets whose bounds grow by the factor 2^(2^-scale). Positive and
 * negative values have buckets of their own, zero is counted apart. As long as the positive (or
 * negative) values lie within {@value #MAX_BUCKETS} buckets of the finest scale {@value
 * #MAX_SCALE}, the scale stays; when they span more, neighbouring buckets are joined and the scale
 * falls by one. The scale is a function of the values alone, so merging is associative and
 * commutative.
 *
 * <p>A quantile is off by at most (f - 1) / (f + 1) of it, f being the factor: 2.17 % where the
 * greatest value of a sign is at most 2^10 times the least, 4.33 % up to 2^20, 8.6 % up to 2^40.
 * Where it is interpolated between values of different signs, by as much of the greater of them.
 * Denormal values are off by half their distance to the next, too.
 *
 * <p>Immutable, so safe for use by many threads.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram">
 *     OpenTelemetry, exponential histogram</a>
 * @see <a href="https://arxiv.org/abs/1908.10693">Masson, Rim, Lee, DDSketch, VLDB 2019</a>
 */
public final class ExponentialHistogram {

  /**
   * The most buckets from that of the least to that of the greatest value of one sign. One more
   * than ten times 16, as values a factor of 2^10 apart lie in the first and the last of 161.
   */
  public static final int MAX_BUCKETS = 161;

  /** The finest scale: 16 buckets for each power of two. */
  public static final int MAX_SCALE = 4;

  private static final ExponentialHistogram EMPTY = new HistogramBuilder().build();

  private final byte[] encoded;

  /** Takes over the array. */
  ExponentialHistogram(byte[] encoded) {
    this.encoded = encoded;
  }

  /** Returns the histogram of no values. */
  public static ExponentialHistogram empty() {
    return EMPTY;
  }

  /** Returns the histogram of these values; NaN is skipped. */
  public static ExponentialHistogram of(double... values) {
    HistogramBuilder builder = new HistogramBuilder();
    for (double value : values) {
      builder.add(value);
    }
    return builder.build();
  }

  /**
   * Reads what {@link #encoded()} returned.
   *
   * @throws IllegalArgumentException when the bytes are no histogram
   */
  public static ExponentialHistogram decode(byte[] encoded) {
    HistogramBuilder builder = new HistogramBuilder();
    builder.addEncoded(encoded);
    return builder.build();
  }

  /** Returns a histogram of all values of both. Linear in the buckets. */
  public ExponentialHistogram merge(ExponentialHistogram other) {
    HistogramBuilder builder = new HistogramBuilder();
    builder.addEncoded(encoded);
    builder.addEncoded(other.encoded);
    return builder.build();
  }

  /** Returns how many values there are. */
  public long count() {
    return builder().count();
  }

  /** Returns the scale, at most {@value #MAX_SCALE}. */
  public int scale() {
    return builder().scale();
  }

  /**
   * Returns the value below which a share of the values lie, interpolated between the two nearest
   * ranks as {@code quantile_over_time} of Prometheus does; NaN when there are none.
   *
   * @param share from 0 to 1
   */
  public double quantile(double share) {
    return builder().quantile(share);
  }

  private HistogramBuilder builder() {
    HistogramBuilder builder = new HistogramBuilder();
    builder.addEncoded(encoded);
    return builder;
  }

  /** Returns the bytes by which it is stored; equal histograms have equal ones. */
  public byte[] encoded() {
    return encoded.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ExponentialHistogram histogram
        && Arrays.equals(encoded, histogram.encoded);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(encoded);
  }
}
