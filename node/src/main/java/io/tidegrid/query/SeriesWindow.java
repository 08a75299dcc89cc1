package io.tidegrid.query;

import io.tidegrid.tier.CompensatedSum;

/** What one series contributes to one window. To be set and used again. */
final class SeriesWindow {

  long count;
  final CompensatedSum sum = new CompensatedSum();
  double min;
  double max;
  double first;
  long firstTime;
  double last;
  long lastTime;
  long resets;

  /** With resets corrected. */
  final CompensatedSum increase = new CompensatedSum();

  final CompensatedSum delta = new CompensatedSum();

  /** How long the differences span that are in increase and delta; 0 when there are none. */
  long coveredMs;

  void begin(double value, long time) {
    count = 0;
    sum.set(0, 0);
    min = value;
    max = value;
    first = value;
    firstTime = time;
    resets = 0;
    increase.set(0, 0);
    delta.set(0, 0);
    coveredMs = 0;
  }

  /** Adds the difference from one sample of the series to a later one. */
  void addDifference(double before, long beforeTime, double value, long time) {
    if (value < before) {
      resets++;
      increase.add(value);
    } else {
      increase.add(value);
      increase.add(-before);
    }
    delta.add(value);
    delta.add(-before);
    coveredMs += time - beforeTime;
  }
}
