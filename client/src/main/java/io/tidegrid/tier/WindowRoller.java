package io.tidegrid.tier;

/**
 * Computes the figures of windows, from samples or from the figures of shorter windows. The result
 * depends on what is given alone; computing longer windows from shorter ones gives what computing
 * them from the samples gives, sums and increases to within rounding. Keeps room to work in; not
 * safe for use by many threads.
 */
public final class WindowRoller {

  private final HistogramBuilder histogram = new HistogramBuilder();

  private long start;
  private long count;
  private double sum;
  private double sumError;
  private double plainSum;
  private double min;
  private double max;
  private double first;
  private long firstTime;
  private double last;
  private long lastTime;
  private double increase;
  private double increaseError;
  private int resets;

  /**
   * Appends the windows of samples.
   *
   * @param windowMs the length of a window in milliseconds; windows start at its multiples
   * @param times ascending
   * @param values NaN is skipped
   * @param into its last window is before the first of these
   */
  public void roll(
      long windowMs, long[] times, double[] values, int from, int to, RollupColumns into) {
    count = 0;
    long end = Long.MIN_VALUE;
    for (int i = from; i < to; i++) {
      double value = values[i];
      if (Double.isNaN(value)) {
        continue;
      }
      if (times[i] >= end || count == 0) {
        flush(into);
        start = Math.floorDiv(times[i], windowMs) * windowMs;
        end = start + windowMs;
        begin(times[i], value);
      } else {
        addIncrease(last, value);
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
      addSum(value);
      histogram.add(value);
      count++;
      last = value;
      lastTime = times[i];
    }
    flush(into);
  }

  /**
   * Appends the longer windows that shorter ones make up.
   *
   * @param finer windows of one series, ascending, whose length divides {@code windowMs}
   * @param into its last window is before the first of these
   */
  public void merge(long windowMs, RollupColumns finer, int from, int to, RollupColumns into) {
    count = 0;
    for (int i = from; i < to; i++) {
      long startOfWindow = Math.floorDiv(finer.starts()[i], windowMs) * windowMs;
      if (count == 0 || startOfWindow != start) {
        flush(into);
        start = startOfWindow;
        begin(finer.firstTimes()[i], finer.firsts()[i]);
        min = finer.mins()[i];
        max = finer.maxs()[i];
      } else {
        addIncrease(last, finer.firsts()[i]);
        min = Math.min(min, finer.mins()[i]);
        max = Math.max(max, finer.maxs()[i]);
      }
      addSum(finer.sums()[i]);
      addIncrease(finer.increases()[i]);
      resets += finer.resets()[i];
      histogram.addEncoded(finer.histograms()[i]);
      count += finer.counts()[i];
      last = finer.lasts()[i];
      lastTime = finer.lastTimes()[i];
    }
    flush(into);
  }

  private void begin(long time, double value) {
    sum = 0;
    sumError = 0;
    plainSum = 0;
    min = value;
    max = value;
    first = value;
    firstTime = time;
    increase = 0;
    increaseError = 0;
    resets = 0;
  }

  /**
   * @see <a href="https://doi.org/10.1002/zamm.19740540106">Neumaier, Rundungsfehleranalyse einiger
   *     Verfahren zur Summation endlicher Summen, 1974</a>
   */
  private void addSum(double value) {
    double next = sum + value;
    sumError += Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
    plainSum += value;
  }

  private void addIncrease(double before, double value) {
    if (value < before) {
      resets++;
      addIncrease(value);
    } else {
      addIncrease(value);
      addIncrease(-before);
    }
  }

  private void addIncrease(double more) {
    double next = increase + more;
    increaseError +=
        Math.abs(increase) >= Math.abs(more) ? (increase - next) + more : (more - next) + increase;
    increase = next;
  }

  private void flush(RollupColumns into) {
    if (count == 0) {
      return;
    }
    double total = sum + sumError;
    double risen = increase + increaseError;
    into.add(
        start,
        count,
        Double.isNaN(total) ? plainSum : total,
        min,
        max,
        first,
        firstTime,
        last,
        lastTime,
        Double.isNaN(risen) ? increase : risen,
        resets,
        histogram.encode());
    histogram.clear();
    count = 0;
  }
}
