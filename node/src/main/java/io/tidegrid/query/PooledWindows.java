package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Labels;
import io.tidegrid.tier.CompensatedSum;
import io.tidegrid.tier.HistogramBuilder;
import java.io.IOException;
import java.util.Arrays;

/**
 * All figures of the windows of one group, in columns, found by their number through a small hash
 * table. Merging two of them gives what one would hold after the series of both, in any order.
 */
final class PooledWindows {

  private static final byte[] NO_HISTOGRAM = {};

  private int size;
  private int[] table = new int[8];
  private long[] windows = new long[4];
  private long[] counts = new long[4];
  private double[] mins = new double[4];
  private double[] maxs = new double[4];
  private double[] firsts = new double[4];
  private long[] firstTimes = new long[4];
  private double[] lasts = new double[4];
  private long[] lastTimes = new long[4];
  private long[] resets = new long[4];

  /** How many series have a difference in the window. */
  private long[] rising = new long[4];

  private final SumColumn sums = new SumColumn();
  private final SumColumn increases = new SumColumn();
  private final SumColumn deltas = new SumColumn();
  private final SumColumn rates = new SumColumn();
  private final boolean quantiles;
  private byte[][] histograms;

  /** Histograms that keep being merged into are kept open: joining bytes costs far more. */
  private HistogramBuilder[] open;

  /** Compensated sums. */
  private static final class SumColumn {
    private double[] sums = new double[4];
    private double[] errors = new double[4];

    void add(int slot, CompensatedSum more, CompensatedSum scratch) {
      scratch.set(sums[slot], errors[slot]);
      scratch.add(more);
      sums[slot] = scratch.sum();
      errors[slot] = scratch.compensation();
    }

    double value(int slot) {
      return CompensatedSum.value(sums[slot], errors[slot]);
    }

    void grow(int capacity) {
      sums = Arrays.copyOf(sums, capacity);
      errors = Arrays.copyOf(errors, capacity);
    }

    void write(int size, ObjectDataOutput out) throws IOException {
      out.writeDoubleArray(Arrays.copyOf(sums, size));
      out.writeDoubleArray(Arrays.copyOf(errors, size));
    }

    void read(ObjectDataInput in) throws IOException {
      sums = in.readDoubleArray();
      errors = in.readDoubleArray();
    }
  }

  /** Room to work in and how many histograms may be open; shared by the groups of an answer. */
  static final class Shared {

    /** Each takes 4 KiB. */
    private static final int MAX_OPEN = 2_000;

    private final CompensatedSum sum = new CompensatedSum();
    private final CompensatedSum more = new CompensatedSum();
    private final HistogramBuilder histogram = new HistogramBuilder();
    private int open;
  }

  PooledWindows(boolean quantiles) {
    this.quantiles = quantiles;
    this.histograms = quantiles ? new byte[4][] : new byte[0][];
    this.open = quantiles ? new HistogramBuilder[4] : new HistogramBuilder[0];
  }

  int size() {
    return size;
  }

  /**
   * Adds what a series contributes to a window and returns the slot of the window.
   *
   * @param lengthMs the length of the window as far as it lies in the range
   */
  int add(long window, SeriesWindow from, long lengthMs, Shared shared) {
    int slot = slot(window);
    mergeExtremes(slot, from.min, from.max);
    mergeFirst(slot, from.firstTime, from.first);
    mergeLast(slot, from.lastTime, from.last);
    counts[slot] += from.count;
    resets[slot] += from.resets;
    sums.add(slot, from.sum, shared.sum);
    if (from.coveredMs > 0) {
      rising[slot]++;
      increases.add(slot, from.increase, shared.sum);
      deltas.add(slot, from.delta, shared.sum);
      double seconds = Math.max(lengthMs, from.coveredMs) / 1000.0;
      shared.more.set(from.increase.value() / seconds, 0);
      rates.add(slot, shared.more, shared.sum);
    }
    return slot;
  }

  private void mergeExtremes(int slot, double min, double max) {
    boolean fresh = counts[slot] == 0;
    mins[slot] = fresh ? min : Math.min(mins[slot], min);
    maxs[slot] = fresh ? max : Math.max(maxs[slot], max);
  }

  /** Of equal times the greater value stays, whatever the order in which series come. */
  private void mergeFirst(int slot, long time, double value) {
    if (counts[slot] == 0
        || time < firstTimes[slot]
        || (time == firstTimes[slot] && value > firsts[slot])) {
      firstTimes[slot] = time;
      firsts[slot] = value;
    }
  }

  private void mergeLast(int slot, long time, double value) {
    if (counts[slot] == 0
        || time > lastTimes[slot]
        || (time == lastTimes[slot] && value > lasts[slot])) {
      lastTimes[slot] = time;
      lasts[slot] = value;
    }
  }

  /** Adds the values of a histogram to a window. */
  void addHistogram(int slot, byte[] encoded, Shared shared) {
    if (open[slot] != null) {
      open[slot].addEncoded(encoded);
    } else if (histograms[slot] == null) {
      histograms[slot] = encoded;
    } else if (shared.open < Shared.MAX_OPEN) {
      shared.open++;
      open[slot] = new HistogramBuilder();
      open[slot].addEncoded(histograms[slot]);
      open[slot].addEncoded(encoded);
      histograms[slot] = null;
    } else {
      shared.histogram.clear();
      shared.histogram.addEncoded(histograms[slot]);
      shared.histogram.addEncoded(encoded);
      histograms[slot] = shared.histogram.encode();
    }
  }

  /** Counts the open histograms as those of another answer, which takes them over. */
  void moveTo(Shared shared) {
    for (HistogramBuilder builder : open) {
      shared.open += builder == null ? 0 : 1;
    }
  }

  private byte[] histogram(int slot) {
    if (open[slot] != null) {
      return open[slot].encode();
    }
    return histograms[slot] == null ? NO_HISTOGRAM : histograms[slot];
  }

  void merge(PooledWindows other, Shared shared) {
    for (int i = 0; i < other.size; i++) {
      int slot = slot(other.windows[i]);
      mergeExtremes(slot, other.mins[i], other.maxs[i]);
      mergeFirst(slot, other.firstTimes[i], other.firsts[i]);
      mergeLast(slot, other.lastTimes[i], other.lasts[i]);
      counts[slot] += other.counts[i];
      resets[slot] += other.resets[i];
      rising[slot] += other.rising[i];
      merge(sums, slot, other.sums, i, shared);
      merge(increases, slot, other.increases, i, shared);
      merge(deltas, slot, other.deltas, i, shared);
      merge(rates, slot, other.rates, i, shared);
      if (quantiles) {
        byte[] theirs = other.histogram(i);
        if (theirs.length > 0) {
          addHistogram(slot, theirs, shared);
        }
      }
    }
  }

  private static void merge(SumColumn into, int slot, SumColumn from, int at, Shared shared) {
    shared.more.set(from.sums[at], from.errors[at]);
    into.add(slot, shared.more, shared.sum);
  }

  /** Returns the slots in the order of their windows. */
  int[] inOrder() {
    Integer[] order = new Integer[size];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Long.compare(windows[a], windows[b]));
    return Arrays.stream(order).mapToInt(i -> i).toArray();
  }

  long window(int slot) {
    return windows[slot];
  }

  /** Tells whether a window has a value of a function: differences need two samples. */
  boolean has(int slot, Function function) {
    return switch (function) {
      case RATE, INCREASE, DELTA -> rising[slot] > 0;
      case AVG, SUM, MIN, MAX, COUNT, FIRST, LAST, P50, P90, P95, P99 -> true;
      case STDDEV, RAW -> false;
    };
  }

  double value(int slot, Function function, Shared shared) {
    return switch (function) {
      case AVG -> sums.value(slot) / counts[slot];
      case SUM -> sums.value(slot);
      case MIN -> mins[slot];
      case MAX -> maxs[slot];
      case COUNT -> counts[slot];
      case RATE -> rates.value(slot);
      case INCREASE -> increases.value(slot);
      case DELTA -> deltas.value(slot);
      case FIRST -> firsts[slot];
      case LAST -> lasts[slot];
      case P50, P90, P95, P99 -> {
        load(slot, shared);
        yield quantile(slot, Percentile.share(function), shared);
      }
      case STDDEV, RAW -> throw new IllegalStateException(function.text() + " is not kept");
    };
  }

  private void load(int slot, Shared shared) {
    shared.histogram.clear();
    byte[] encoded = histogram(slot);
    if (encoded.length > 0) {
      shared.histogram.addEncoded(encoded);
    }
  }

  private double quantile(int slot, double share, Shared shared) {
    double estimate = shared.histogram.quantile(share);
    return Double.isNaN(estimate) ? estimate : Math.clamp(estimate, mins[slot], maxs[slot]);
  }

  RollupRow row(int slot, Labels labels, long timeMs, Shared shared) {
    if (quantiles) {
      load(slot, shared);
    }
    return new RollupRow(
        labels,
        timeMs,
        counts[slot],
        sums.value(slot),
        mins[slot],
        maxs[slot],
        firsts[slot],
        firstTimes[slot],
        lasts[slot],
        lastTimes[slot],
        increases.value(slot),
        deltas.value(slot),
        rates.value(slot),
        resets[slot],
        quantiles ? quantile(slot, 0.50, shared) : Double.NaN,
        quantiles ? quantile(slot, 0.90, shared) : Double.NaN,
        quantiles ? quantile(slot, 0.95, shared) : Double.NaN,
        quantiles ? quantile(slot, 0.99, shared) : Double.NaN);
  }

  private int slot(long window) {
    int at = home(window, table.length);
    while (table[at] != 0) {
      if (windows[table[at] - 1] == window) {
        return table[at] - 1;
      }
      at = (at + 1) & (table.length - 1);
    }
    if (size == windows.length) {
      grow(size * 2);
    }
    int slot = size++;
    windows[slot] = window;
    table[at] = size;
    if (size * 2 > table.length) {
      rehash();
    }
    return slot;
  }

  private void grow(int capacity) {
    windows = Arrays.copyOf(windows, capacity);
    counts = Arrays.copyOf(counts, capacity);
    mins = Arrays.copyOf(mins, capacity);
    maxs = Arrays.copyOf(maxs, capacity);
    firsts = Arrays.copyOf(firsts, capacity);
    firstTimes = Arrays.copyOf(firstTimes, capacity);
    lasts = Arrays.copyOf(lasts, capacity);
    lastTimes = Arrays.copyOf(lastTimes, capacity);
    resets = Arrays.copyOf(resets, capacity);
    rising = Arrays.copyOf(rising, capacity);
    sums.grow(capacity);
    increases.grow(capacity);
    deltas.grow(capacity);
    rates.grow(capacity);
    if (quantiles) {
      histograms = Arrays.copyOf(histograms, capacity);
      open = Arrays.copyOf(open, capacity);
    }
  }

  private void rehash() {
    table = new int[table.length * 2];
    for (int slot = 0; slot < size; slot++) {
      int at = home(windows[slot], table.length);
      while (table[at] != 0) {
        at = (at + 1) & (table.length - 1);
      }
      table[at] = slot + 1;
    }
  }

  private static int home(long window, int length) {
    long hash = window * 0x9E3779B97F4A7C15L;
    return (int) (hash >>> 40) & (length - 1);
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLongArray(Arrays.copyOf(windows, size));
    out.writeLongArray(Arrays.copyOf(counts, size));
    out.writeDoubleArray(Arrays.copyOf(mins, size));
    out.writeDoubleArray(Arrays.copyOf(maxs, size));
    out.writeDoubleArray(Arrays.copyOf(firsts, size));
    out.writeLongArray(Arrays.copyOf(firstTimes, size));
    out.writeDoubleArray(Arrays.copyOf(lasts, size));
    out.writeLongArray(Arrays.copyOf(lastTimes, size));
    out.writeLongArray(Arrays.copyOf(resets, size));
    out.writeLongArray(Arrays.copyOf(rising, size));
    sums.write(size, out);
    increases.write(size, out);
    deltas.write(size, out);
    rates.write(size, out);
    if (quantiles) {
      for (int slot = 0; slot < size; slot++) {
        out.writeByteArray(histogram(slot));
      }
    }
  }

  static PooledWindows read(boolean quantiles, ObjectDataInput in) throws IOException {
    PooledWindows read = new PooledWindows(quantiles);
    long[] windows = in.readLongArray();
    for (long window : windows) {
      int ignored = read.slot(window);
    }
    read.windows = windows;
    read.counts = in.readLongArray();
    read.mins = in.readDoubleArray();
    read.maxs = in.readDoubleArray();
    read.firsts = in.readDoubleArray();
    read.firstTimes = in.readLongArray();
    read.lasts = in.readDoubleArray();
    read.lastTimes = in.readLongArray();
    read.resets = in.readLongArray();
    read.rising = in.readLongArray();
    read.sums.read(in);
    read.increases.read(in);
    read.deltas.read(in);
    read.rates.read(in);
    if (quantiles) {
      read.histograms = new byte[windows.length][];
      read.open = new HistogramBuilder[windows.length];
      for (int slot = 0; slot < windows.length; slot++) {
        byte[] encoded = in.readByteArray();
        read.histograms[slot] = encoded.length == 0 ? null : encoded;
      }
    }
    return read;
  }
}
