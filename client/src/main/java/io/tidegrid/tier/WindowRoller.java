package io.tidegrid.tier;

/**
 * Computes the figures of windows, from samples or from the figures of shorter windows. The result
 * depends on what is given alone; computing longer windows from shorter ones gives what computing
 * them from the samples gives, sums and increases to within rounding. Keeps room to work in; not
 * safe for use by many threads.
 */
public final class WindowRoller {

  private final HistogramBuilder histogram = new HistogramBuilder();

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
    int i = from;
    while (i < to) {
      if (Double.isNaN(values[i])) {
        i++;
      } else {
        i = rollWindow(windowMs, times, values, i, to, into);
      }
    }
  }

  /**
   * Sums are compensated without a branch: two doubles hold what one would round.
   *
   * @return the position after the window
   * @see <a href="https://doi.org/10.1137/030601818">Ogita, Rump, Oishi, Accurate Sum and Dot
   *     Product, 2005, algorithms 3.1 (Knuth's TwoSum) and 4.4</a>
   */
  private int rollWindow(
      long windowMs, long[] times, double[] values, int from, int to, RollupColumns into) {
    histogram.clear();
    long start = Math.floorDiv(times[from], windowMs) * windowMs;
    long end = start + windowMs;
    double first = values[from];
    double last = first;
    long lastTime = times[from];
    double min = first;
    double max = first;
    double sum = 0;
    double sumError = 0;
    double fallen = 0;
    double fallenError = 0;
    int resets = 0;
    int count = 0;
    int i = from;
    for (; i < to && times[i] < end; i++) {
      double value = values[i];
      if (Double.isNaN(value)) {
        continue;
      }
      count++;
      double next = sum + value;
      double part = next - sum;
      sumError += (sum - (next - part)) + (value - part);
      sum = next;
      // Whether a gauge falls cannot be predicted, so a mask selects rather than a branch.
      int reset = value < last ? 1 : 0;
      resets += reset;
      double before = Double.longBitsToDouble(Double.doubleToRawLongBits(last) & -(long) reset);
      next = fallen + before;
      part = next - fallen;
      fallenError += (fallen - (next - part)) + (before - part);
      fallen = next;
      // Equal values are looked at for the sake of zeros, of which the negative one is less.
      if (value <= min) {
        min = Math.min(min, value);
      }
      if (value >= max) {
        max = Math.max(max, value);
      }
      histogram.add(value);
      last = value;
      lastTime = times[i];
    }
    // Where a fall counts as a reset to zero, the steps add up to the last value less the first and
    // what was reached before each reset.
    double change = last - first;
    double part = change - last;
    double changeError = (last - (change - part)) - (first + part);
    double increase = change + fallen;
    part = increase - change;
    double increaseError = (change - (increase - part)) + (fallen - part);
    sum += sumError;
    increase += increaseError + changeError + fallenError;
    if (!Double.isFinite(sum) || !Double.isFinite(increase)) {
      sum = plainSum(values, from, i);
      increase = plainIncrease(values, from, i);
    }
    into.add(
        start,
        count,
        sum,
        min,
        max,
        first,
        times[from],
        last,
        lastTime,
        increase,
        resets,
        histogram);
    return i;
  }

  /** What infinities and overflow leave of a sum, NaN skipped. */
  private static double plainSum(double[] values, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Double.isNaN(values[i]) ? 0 : values[i];
    }
    return sum;
  }

  /** What infinities and overflow leave of an increase. */
  private static double plainIncrease(double[] values, int from, int to) {
    double increase = 0;
    double last = values[from];
    for (int i = from + 1; i < to; i++) {
      if (!Double.isNaN(values[i])) {
        increase += RollupColumns.increaseBetween(last, values[i]);
        last = values[i];
      }
    }
    return increase;
  }

  /**
   * Appends the longer windows that shorter ones make up.
   *
   * @param finer windows of one series, ascending, whose length divides {@code windowMs}
   * @param into its last window is before the first of these; not {@code finer}
   */
  public void merge(long windowMs, RollupColumns finer, int from, int to, RollupColumns into) {
    for (int i = from; i < to; ) {
      i = mergeWindow(windowMs, finer, i, to, into);
    }
  }

  /**
   * Compensated as {@link #rollWindow} is.
   *
   * @return the position after the window
   */
  private int mergeWindow(
      long windowMs, RollupColumns finer, int from, int to, RollupColumns into) {
    histogram.clear();
    long start = Math.floorDiv(finer.starts()[from], windowMs) * windowMs;
    long end = start + windowMs;
    long count = 0;
    double min = finer.mins()[from];
    double max = finer.maxs()[from];
    double sum = 0;
    double sumError = 0;
    double increase = 0;
    double increaseError = 0;
    int resets = 0;
    int i = from;
    for (; i < to && finer.starts()[i] < end; i++) {
      double more = finer.sums()[i];
      double next = sum + more;
      double part = next - sum;
      sumError += (sum - (next - part)) + (more - part);
      sum = next;
      more = finer.increases()[i];
      if (i > from) {
        double last = finer.lasts()[i - 1];
        double first = finer.firsts()[i];
        more += RollupColumns.increaseBetween(last, first);
        resets += first < last ? 1 : 0;
      }
      next = increase + more;
      part = next - increase;
      increaseError += (increase - (next - part)) + (more - part);
      increase = next;
      resets += finer.resets()[i];
      min = Math.min(min, finer.mins()[i]);
      max = Math.max(max, finer.maxs()[i]);
      count += finer.counts()[i];
      histogram.addEncoded(
          finer.histogramBytes(), finer.histogramStart(i), finer.histogramEnds()[i]);
    }
    into.add(
        start,
        count,
        Double.isFinite(sum + sumError) ? sum + sumError : plainSum(finer, from, i),
        min,
        max,
        finer.firsts()[from],
        finer.firstTimes()[from],
        finer.lasts()[i - 1],
        finer.lastTimes()[i - 1],
        Double.isFinite(increase + increaseError)
            ? increase + increaseError
            : plainIncrease(finer, from, i),
        resets,
        histogram);
    return i;
  }

  /** In it NaN is what infinities of both signs left, and stays. */
  private static double plainSum(RollupColumns finer, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += finer.sums()[i];
    }
    return sum;
  }

  private static double plainIncrease(RollupColumns finer, int from, int to) {
    double increase = finer.increases()[from];
    for (int i = from + 1; i < to; i++) {
      increase += RollupColumns.increaseBetween(finer.lasts()[i - 1], finer.firsts()[i]);
      increase += finer.increases()[i];
    }
    return increase;
  }
}
