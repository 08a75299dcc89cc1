package io.tidegrid.tier;

import java.util.Arrays;

/**
 * The figures of windows of one series (or of several, pooled), in columns, ascending by start.
 * Windows without a value that is a number are not there. To be cleared and used again; the arrays
 * are valid up to {@link #size()} until the next change (those within {@link #histograms()} stay).
 * Not safe for use by many threads.
 */
public final class RollupColumns {

  private int size;
  private long[] starts = new long[16];
  private long[] counts = new long[16];
  private double[] sums = new double[16];
  private double[] mins = new double[16];
  private double[] maxs = new double[16];
  private double[] firsts = new double[16];
  private long[] firstTimes = new long[16];
  private double[] lasts = new double[16];
  private long[] lastTimes = new long[16];
  private double[] increases = new double[16];
  private int[] resets = new int[16];
  private byte[] histogramBytes = new byte[16 * 32];
  private int[] histogramEnds = new int[16];

  /** Copies of single histograms, made when asked for; the first {@code copied} are there. */
  private byte[][] copies = {};

  private int copied;
  private HistogramBuilder quantiles;

  /** Returns the number of windows. */
  public int size() {
    return size;
  }

  /** Returns the starts of the windows in milliseconds since 1970. */
  public long[] starts() {
    return starts;
  }

  /** Returns how many values each window has, NaN not counted; at least 1. */
  public long[] counts() {
    return counts;
  }

  /** Returns the sums of the values. */
  public double[] sums() {
    return sums;
  }

  /** Returns the least values. */
  public double[] mins() {
    return mins;
  }

  /** Returns the greatest values. */
  public double[] maxs() {
    return maxs;
  }

  /** Returns the earliest values. */
  public double[] firsts() {
    return firsts;
  }

  /** Returns the times of the earliest values in milliseconds since 1970. */
  public long[] firstTimes() {
    return firstTimes;
  }

  /** Returns the latest values. */
  public double[] lasts() {
    return lasts;
  }

  /** Returns the times of the latest values in milliseconds since 1970. */
  public long[] lastTimes() {
    return lastTimes;
  }

  /**
   * Returns by how much a counter rose from the window's first value to its last, a fall taken for
   * a reset to zero. What it rose between windows is not in it: that is {@link #increaseBetween}.
   */
  public double[] increases() {
    return increases;
  }

  /** Returns how often the value fell from one sample of the window to the next. */
  public int[] resets() {
    return resets;
  }

  /**
   * Returns the histograms of the values, as {@link ExponentialHistogram#encoded()}. Makes an array
   * for each; {@link #histogramBytes()} makes none.
   */
  public byte[][] histograms() {
    if (copies.length < size) {
      copies = Arrays.copyOf(copies, starts.length);
    }
    for (; copied < size; copied++) {
      copies[copied] =
          Arrays.copyOfRange(histogramBytes, histogramStart(copied), histogramEnds[copied]);
    }
    return copies;
  }

  /**
   * Returns the histograms of all windows, each as {@link ExponentialHistogram#encoded()}, one
   * after another.
   */
  public byte[] histogramBytes() {
    return histogramBytes;
  }

  /** Returns where the histogram of each window ends in {@link #histogramBytes()}, exclusive. */
  public int[] histogramEnds() {
    return histogramEnds;
  }

  /** Returns where the histogram of a window begins in {@link #histogramBytes()}. */
  public int histogramStart(int window) {
    return window == 0 ? 0 : histogramEnds[window - 1];
  }

  /**
   * Returns the value below which a share of a window's values lie, as {@link
   * ExponentialHistogram#quantile} but never outside {@link #mins()} and {@link #maxs()}: exact
   * where all values are equal, and where there are one or two. Linear in the buckets of the
   * window.
   *
   * @param share from 0 to 1; what is outside is taken for the nearer of them
   * @throws IllegalArgumentException when the window's histogram is none
   */
  public double quantile(int window, double share) {
    if (quantiles == null) {
      quantiles = new HistogramBuilder();
    }
    quantiles.clear();
    quantiles.addEncoded(histogramBytes, histogramStart(window), histogramEnds[window]);
    return quantiles.quantile(share, mins[window], maxs[window]);
  }

  /** Returns by how much a counter rose from one value to the next, a fall taken for a reset. */
  public static double increaseBetween(double last, double next) {
    return next < last ? next : next - last;
  }

  /** Forgets the windows and keeps the arrays. */
  public void clear() {
    Arrays.fill(copies, 0, copied, null);
    copied = 0;
    size = 0;
  }

  /** Appends a window, whose start is after those there are. */
  @SuppressWarnings("TooManyParameters") // a row of the columns
  public void add(
      long start,
      long count,
      double sum,
      double min,
      double max,
      double first,
      long firstTime,
      double last,
      long lastTime,
      double increase,
      int reset,
      byte[] histogram) {
    addFigures(start, count, sum, min, max, first, firstTime, last, lastTime, increase, reset);
    addHistogram(histogram, 0, histogram.length);
  }

  /**
   * Appends a window, whose start is after those there are.
   *
   * @param histogram has the window's histogram
   * @param histogramFrom where that begins
   * @param histogramTo where it ends, exclusive
   */
  @SuppressWarnings("TooManyParameters") // a row of the columns
  public void add(
      long start,
      long count,
      double sum,
      double min,
      double max,
      double first,
      long firstTime,
      double last,
      long lastTime,
      double increase,
      int reset,
      byte[] histogram,
      int histogramFrom,
      int histogramTo) {
    addFigures(start, count, sum, min, max, first, firstTime, last, lastTime, increase, reset);
    addHistogram(histogram, histogramFrom, histogramTo);
  }

  /** Appends a window, whose start is after those there are. */
  @SuppressWarnings("TooManyParameters") // a row of the columns
  public void add(
      long start,
      long count,
      double sum,
      double min,
      double max,
      double first,
      long firstTime,
      double last,
      long lastTime,
      double increase,
      int reset,
      HistogramBuilder histogram) {
    addFigures(start, count, sum, min, max, first, firstTime, last, lastTime, increase, reset);
    int from = histogramStart(size - 1);
    ensureHistogramBytes(from + histogram.encodedBound());
    histogramEnds[size - 1] = histogram.encode(histogramBytes, from);
  }

  /** Appends a window of other columns. */
  public void add(RollupColumns from, int at) {
    add(
        from.starts[at],
        from.counts[at],
        from.sums[at],
        from.mins[at],
        from.maxs[at],
        from.firsts[at],
        from.firstTimes[at],
        from.lasts[at],
        from.lastTimes[at],
        from.increases[at],
        from.resets[at],
        from.histogramBytes,
        from.histogramStart(at),
        from.histogramEnds[at]);
  }

  @SuppressWarnings("TooManyParameters") // a row of the columns
  private void addFigures(
      long start,
      long count,
      double sum,
      double min,
      double max,
      double first,
      long firstTime,
      double last,
      long lastTime,
      double increase,
      int reset) {
    if (size == starts.length) {
      grow();
    }
    starts[size] = start;
    counts[size] = count;
    sums[size] = sum;
    mins[size] = min;
    maxs[size] = max;
    firsts[size] = first;
    firstTimes[size] = firstTime;
    lasts[size] = last;
    lastTimes[size] = lastTime;
    increases[size] = increase;
    resets[size++] = reset;
  }

  private void addHistogram(byte[] histogram, int from, int to) {
    int at = histogramStart(size - 1);
    ensureHistogramBytes(at + to - from);
    System.arraycopy(histogram, from, histogramBytes, at, to - from);
    histogramEnds[size - 1] = at + to - from;
  }

  private void ensureHistogramBytes(int bytes) {
    if (bytes > histogramBytes.length) {
      histogramBytes = Arrays.copyOf(histogramBytes, Math.max(bytes, histogramBytes.length * 2));
    }
  }

  private void grow() {
    int capacity = size * 2;
    starts = Arrays.copyOf(starts, capacity);
    counts = Arrays.copyOf(counts, capacity);
    sums = Arrays.copyOf(sums, capacity);
    mins = Arrays.copyOf(mins, capacity);
    maxs = Arrays.copyOf(maxs, capacity);
    firsts = Arrays.copyOf(firsts, capacity);
    firstTimes = Arrays.copyOf(firstTimes, capacity);
    lasts = Arrays.copyOf(lasts, capacity);
    lastTimes = Arrays.copyOf(lastTimes, capacity);
    increases = Arrays.copyOf(increases, capacity);
    resets = Arrays.copyOf(resets, capacity);
    histogramEnds = Arrays.copyOf(histogramEnds, capacity);
  }
}
