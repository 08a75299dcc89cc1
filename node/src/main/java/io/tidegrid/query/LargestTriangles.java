package io.tidegrid.query;

/** Largest triangle three buckets over spans of samples one after another, none of them NaN. */
final class LargestTriangles {

  private final long[] times;
  private final double[] values;
  private final int[] kept;
  private int size;

  LargestTriangles(long[] times, double[] values, int[] kept) {
    this.times = times;
    this.values = values;
    this.kept = kept;
  }

  /** Keeps the first and the last sample of each span and so many between. */
  void spans(int[] starts, int[] inner) {
    for (int i = 0; i < inner.length; i++) {
      span(starts[i], starts[i + 1], inner[i]);
    }
  }

  /**
   * Keeps the first and the last sample of a span and as many of those between as asked.
   *
   * @param from the first
   * @param to the last, exclusive
   * @param inner at most as many as there are between
   */
  private void span(int from, int to, int inner) {
    kept[size++] = from;
    int last = to - 1;
    if (last == from) {
      return;
    }
    double width = inner == 0 ? 0 : (double) (last - from - 1) / inner;
    int begin = from + 1;
    for (int bucket = 0; bucket < inner; bucket++) {
      int end = from + 1 + (int) ((bucket + 1) * width);
      int nextEnd =
          bucket == inner - 1 ? to : Math.min(last, from + 1 + (int) ((bucket + 2) * width));
      int corner = largest(kept[size - 1], begin, end, nextEnd);
      kept[size++] = corner;
      begin = end;
    }
    kept[size++] = last;
  }

  /**
   * The corner that spans the largest triangle with the point before and the mean of those after.
   */
  private int largest(int before, int from, int to, int nextTo) {
    // Times are taken relative to the point before: as doubles since 1970 they would lose bits.
    long origin = times[before];
    long nextTimes = 0;
    double nextValue = 0;
    for (int i = to; i < nextTo; i++) {
      nextTimes += times[i] - origin;
      nextValue += values[i];
    }
    double nextTime = (double) nextTimes / (nextTo - to);
    nextValue /= nextTo - to;
    double level = values[before];
    double height = nextValue - level;
    int best = from;
    double bestArea = -1;
    for (int i = from; i < to; i++) {
      double area =
          Math.abs((double) (times[i] - origin) * height - nextTime * (values[i] - level));
      if (!(area <= bestArea)) {
        // An infinity makes the area infinite or NaN; either way it stands out of any line.
        double stands = Double.isNaN(area) ? Double.POSITIVE_INFINITY : area;
        best = stands > bestArea ? i : best;
        bestArea = stands;
      }
    }
    return best;
  }
}
