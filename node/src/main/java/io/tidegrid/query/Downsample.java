package io.tidegrid.query;

import java.util.Arrays;

/**
 * Thins out samples for drawing, so that the line looks the same: largest triangle three buckets,
 * between gaps. A gap is where two samples are more than {@value #GAP} times as far apart as is
 * usual in the series (the median). Both samples beside a gap stay, so that an outage is drawn
 * where it was; where there are more gaps than points, those beside the longest, in half of the
 * points.
 *
 * @see <a href="https://skemman.is/handle/1946/15343">Sveinn Steinarsson, Downsampling Time Series
 *     for Visual Representation, University of Iceland, 2013, section 4.2</a>
 */
public final class Downsample {

  /** How many times as far apart as usual two samples are beside a gap. */
  static final int GAP = 3;

  private Downsample() {}

  /**
   * Returns the positions of at most {@code points} samples, ascending. NaN cannot be drawn and is
   * never among them; of the others the first and the last always are (only the last for {@code
   * points == 1}), and both sides of gaps. When there are no more than {@code points}, all of them
   * are. Linear in the samples.
   *
   * @param times milliseconds since 1970, ascending
   * @param values as many as times
   * @param points how many to keep, at least 1
   * @throws IllegalArgumentException when {@code points} is not positive or the columns differ in
   *     length
   */
  public static int[] lttb(long[] times, double[] values, int points) {
    if (points < 1 || times.length != values.length) {
      throw new IllegalArgumentException(
          points < 1 ? "at least one point must stay" : "times and values differ in length");
    }
    int drawable = drawable(values);
    if (drawable == values.length) {
      return thin(times, values, points);
    }
    int[] positions = new int[drawable];
    long[] drawableTimes = new long[drawable];
    double[] drawableValues = new double[drawable];
    int size = 0;
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i])) {
        positions[size] = i;
        drawableTimes[size] = times[i];
        drawableValues[size++] = values[i];
      }
    }
    int[] kept = thin(drawableTimes, drawableValues, points);
    for (int i = 0; i < kept.length; i++) {
      kept[i] = positions[kept[i]];
    }
    return kept;
  }

  private static int drawable(double[] values) {
    int drawable = 0;
    for (double value : values) {
      drawable += Double.isNaN(value) ? 0 : 1;
    }
    return drawable;
  }

  /**
   * Returns the series with the samples that {@link #lttb(long[], double[], int)} keeps.
   *
   * @throws IllegalArgumentException when {@code points} is not positive
   */
  public static SeriesSamples lttb(SeriesSamples series, int points) {
    int[] kept = lttb(series.times(), series.values(), points);
    long[] times = new long[kept.length];
    double[] values = new double[kept.length];
    for (int i = 0; i < kept.length; i++) {
      times[i] = series.times()[kept[i]];
      values[i] = series.values()[kept[i]];
    }
    return new SeriesSamples(series.labels(), times, values);
  }

  /** The values are numbers. */
  private static int[] thin(long[] times, double[] values, int points) {
    int size = times.length;
    int[] kept = new int[Math.min(size, points)];
    if (size <= points) {
      Arrays.setAll(kept, i -> i);
      return kept;
    }
    if (points == 1) {
      kept[0] = size - 1;
      return kept;
    }
    int[] spans = Gaps.spans(times, points);
    int[] inner = shares(spans, points);
    new LargestTriangles(times, values, kept).spans(spans, inner);
    return kept;
  }

  /** Returns how many points each span keeps beside its ends, in proportion to its samples. */
  private static int[] shares(int[] spans, int points) {
    int ends = Gaps.ends(spans);
    int inner = spans[spans.length - 1] - ends;
    int[] shares = new int[spans.length - 1];
    int passed = 0;
    int given = 0;
    for (int i = 0; i < shares.length; i++) {
      passed += Math.max(0, spans[i + 1] - spans[i] - 2);
      // Rounded so that all shares add up to what is left.
      int upTo = inner == 0 ? 0 : (int) ((long) (points - ends) * passed / inner);
      shares[i] = upTo - given;
      given = upTo;
    }
    return shares;
  }
}
