package io.tidegrid.query;

/**
 * Thins out samples for drawing, so that the line looks the same: largest triangle three buckets.
 *
 * @see <a href="https://skemman.is/handle/1946/15343">Sveinn Steinarsson, Downsampling Time Series
 *     for Visual Representation, University of Iceland, 2013, section 4.2</a>
 */
public final class Downsample {

  private Downsample() {}

  /**
   * Returns the positions of at most {@code points} samples, ascending. NaN cannot be drawn and is
   * never among them; of the others the first and the last always are (only the last for {@code
   * points == 1}). When there are no more than {@code points}, all of them are. Linear in the
   * samples.
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
    int[] drawable = drawable(values);
    int n = drawable.length;
    if (n <= points) {
      return drawable;
    }
    if (points == 1) {
      return new int[] {drawable[n - 1]};
    }
    int[] kept = new int[points];
    kept[0] = drawable[0];
    kept[points - 1] = drawable[n - 1];
    int buckets = points - 2;
    double width = buckets == 0 ? 0 : (double) (n - 2) / buckets;
    for (int bucket = 0; bucket < buckets; bucket++) {
      int from = 1 + (int) (bucket * width);
      int to = 1 + (int) ((bucket + 1) * width);
      int nextTo = bucket == buckets - 1 ? n : Math.min(n - 1, 1 + (int) ((bucket + 2) * width));
      kept[bucket + 1] = largest(times, values, drawable, kept[bucket], from, to, nextTo);
    }
    return kept;
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

  /**
   * The corner that spans the largest triangle with the point before and the mean of those after.
   */
  private static int largest(
      long[] times, double[] values, int[] drawable, int before, int from, int to, int nextTo) {
    // Times are taken relative to the point before: as doubles since 1970 they would lose bits.
    long origin = times[before];
    double nextTime = 0;
    double nextValue = 0;
    for (int i = to; i < nextTo; i++) {
      nextTime += (double) (times[drawable[i]] - origin);
      nextValue += values[drawable[i]];
    }
    nextTime /= nextTo - to;
    nextValue /= nextTo - to;
    double height = nextValue - values[before];
    int best = drawable[from];
    double bestArea = -1;
    for (int i = from; i < to; i++) {
      int candidate = drawable[i];
      double area =
          Math.abs(
              (double) (times[candidate] - origin) * height
                  - nextTime * (values[candidate] - values[before]));
      // An infinity makes the area infinite or NaN; either way it stands out of any line.
      area = Double.isNaN(area) ? Double.POSITIVE_INFINITY : area;
      if (area > bestArea) {
        bestArea = area;
        best = candidate;
      }
    }
    return best;
  }

  private static int[] drawable(double[] values) {
    int[] positions = new int[values.length];
    int size = 0;
    for (int i = 0; i < values.length; i++) {
      positions[size] = i;
      size += Double.isNaN(values[i]) ? 0 : 1;
    }
    return java.util.Arrays.copyOf(positions, size);
  }
}
