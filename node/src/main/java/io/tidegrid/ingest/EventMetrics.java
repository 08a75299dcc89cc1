package io.tidegrid.ingest;

import java.util.Arrays;

/** The metrics of an event as they stand in a body; used again for the next event. */
final class EventMetrics {

  private int count;
  private int[] from = new int[8];
  private int[] to = new int[8];
  private double[] values = new double[8];

  void clear() {
    count = 0;
  }

  /**
   * Adds a metric.
   *
   * @param nameFrom where its name begins in the body, escapes as they were written
   * @param nameTo where its name ends
   */
  void add(int nameFrom, int nameTo, double value) {
    if (count == values.length) {
      from = Arrays.copyOf(from, count * 2);
      to = Arrays.copyOf(to, count * 2);
      values = Arrays.copyOf(values, count * 2);
    }
    from[count] = nameFrom;
    to[count] = nameTo;
    values[count++] = value;
  }

  int count() {
    return count;
  }

  int from(int i) {
    return from[i];
  }

  int to(int i) {
    return to[i];
  }

  double value(int i) {
    return values[i];
  }

  double[] values() {
    return Arrays.copyOf(values, count);
  }
}
