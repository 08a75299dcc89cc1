package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.tier.CompensatedSum;
import java.io.IOException;
import java.util.Arrays;

/**
 * The windows of one group that have values, in columns, found by their number through a small hash
 * table. Windows without values take no room, so that a short interval over a long range costs what
 * is there. Merging two of them gives what one would hold after all samples of both.
 */
final class WindowColumns {

  private static final double[] NO_VALUES = {};

  private final Function function;
  private int size;
  private int[] table = new int[8];
  private long[] windows = new long[4];

  /** How many values; for {@code FIRST} and {@code LAST} the time of the value. */
  private long[] counts = new long[4];

  /** Sum, mean, extreme or the value itself, by function. */
  private double[] results = new double[4];

  /** The sum's compensation, or the sum of squared differences from the mean. */
  private double[] remainders = new double[4];

  /** All values of a window, for percentiles only. */
  private double[][] values;

  WindowColumns(Function function) {
    this.function = function;
    this.values = Percentile.isPercentile(function) ? new double[4][] : new double[0][];
  }

  int size() {
    return size;
  }

  /**
   * Adds the samples from {@code from} to before {@code to}, all of them in the window. NaN is
   * skipped.
   */
  void add(long window, long[] times, double[] samples, int from, int to) {
    switch (function) {
      case AVG, SUM -> addSum(window, samples, from, to);
      case MIN, MAX -> addExtreme(window, samples, from, to);
      case COUNT -> addCount(window, samples, from, to);
      case FIRST -> addFirst(window, times, samples, from, to);
      case LAST -> addLast(window, times, samples, from, to);
      case STDDEV -> addDeviation(window, samples, from, to);
      case P50, P90, P95, P99 -> addValues(window, samples, from, to);
      case RATE, INCREASE, DELTA, RAW ->
          throw new IllegalStateException(function.text() + " is not pooled");
    }
  }

  private void addSum(long window, double[] samples, int from, int to) {
    CompensatedSum sum = new CompensatedSum();
    int n = 0;
    for (int i = from; i < to; i++) {
      double value = samples[i];
      if (!Double.isNaN(value)) {
        sum.add(value);
        n++;
      }
    }
    if (n > 0) {
      mergeSum(slot(window), n, sum);
    }
  }

  /** Adds what one series contributes to a window. */
  void addContribution(long window, CompensatedSum contribution) {
    mergeSum(slot(window), 1, contribution);
  }

  private void mergeSum(int slot, long n, CompensatedSum more) {
    CompensatedSum sum = new CompensatedSum();
    sum.set(results[slot], remainders[slot]);
    sum.add(more);
    results[slot] = sum.sum();
    remainders[slot] = sum.compensation();
    counts[slot] += n;
  }

  private void addExtreme(long window, double[] samples, int from, int to) {
    boolean least = function == Function.MIN;
    double extreme = Double.NaN;
    for (int i = from; i < to; i++) {
      double value = samples[i];
      if (!Double.isNaN(value)) {
        extreme =
            Double.isNaN(extreme)
                ? value
                : least ? Math.min(extreme, value) : Math.max(extreme, value);
      }
    }
    if (!Double.isNaN(extreme)) {
      mergeExtreme(slot(window), 1, extreme);
    }
  }

  private void mergeExtreme(int slot, long n, double extreme) {
    if (counts[slot] == 0) {
      results[slot] = extreme;
    } else if (function == Function.MIN) {
      results[slot] = Math.min(results[slot], extreme);
    } else {
      results[slot] = Math.max(results[slot], extreme);
    }
    counts[slot] += n;
  }

  private void addCount(long window, double[] samples, int from, int to) {
    int n = 0;
    for (int i = from; i < to; i++) {
      n += Double.isNaN(samples[i]) ? 0 : 1;
    }
    if (n > 0) {
      mergeCount(slot(window), n);
    }
  }

  private void mergeCount(int slot, long n) {
    counts[slot] += n;
  }

  private void addFirst(long window, long[] times, double[] samples, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!Double.isNaN(samples[i])) {
        mergeEdge(window, times[i], samples[i]);
        return;
      }
    }
  }

  private void addLast(long window, long[] times, double[] samples, int from, int to) {
    for (int i = to - 1; i >= from; i--) {
      if (!Double.isNaN(samples[i])) {
        mergeEdge(window, times[i], samples[i]);
        return;
      }
    }
  }

  /** Of equal times the greater value stays, whatever the order in which series come. */
  private void mergeEdge(long window, long time, double value) {
    int before = size;
    int slot = slot(window);
    int order =
        function == Function.FIRST
            ? Long.compare(time, counts[slot])
            : Long.compare(counts[slot], time);
    if (size > before || order < 0 || (order == 0 && value > results[slot])) {
      counts[slot] = time;
      results[slot] = value;
    }
  }

  private void addDeviation(long window, double[] samples, int from, int to) {
    long n = 0;
    double mean = 0;
    double squares = 0;
    for (int i = from; i < to; i++) {
      double value = samples[i];
      if (!Double.isNaN(value)) {
        n++;
        double delta = value - mean;
        mean += delta / n;
        squares += delta * (value - mean);
      }
    }
    if (n > 0) {
      mergeDeviation(slot(window), n, mean, squares);
    }
  }

  /**
   * Joins two sets by their means and squared differences.
   *
   * @see <a href="https://doi.org/10.1080/00031305.1983.10483115">Chan, Golub, LeVeque, Algorithms
   *     for computing the sample variance, 1983</a>
   */
  private void mergeDeviation(int slot, long n, double mean, double squares) {
    long all = counts[slot] + n;
    double delta = mean - results[slot];
    remainders[slot] += squares + delta * delta * ((double) counts[slot] * n / all);
    results[slot] += delta * n / all;
    counts[slot] = all;
  }

  private void addValues(long window, double[] samples, int from, int to) {
    int slot = -1;
    int at = 0;
    for (int i = from; i < to; i++) {
      double value = samples[i];
      if (!Double.isNaN(value)) {
        if (slot < 0) {
          slot = slot(window);
          at = (int) counts[slot];
          ensureValues(slot, at + to - i);
        }
        values[slot][at++] = value;
      }
    }
    if (slot >= 0) {
      counts[slot] = at;
    }
  }

  private void ensureValues(int slot, int room) {
    if (values[slot].length < room) {
      values[slot] =
          Arrays.copyOf(
              values[slot], Math.max(room, values[slot].length + (values[slot].length >> 1)));
    }
  }

  /** Takes over what the other holds; the other is not to be used afterwards. */
  void merge(WindowColumns other) {
    CompensatedSum sum = new CompensatedSum();
    for (int i = 0; i < other.size; i++) {
      long window = other.windows[i];
      switch (function) {
        case AVG, SUM, RATE, INCREASE, DELTA -> {
          sum.set(other.results[i], other.remainders[i]);
          mergeSum(slot(window), other.counts[i], sum);
        }
        case MIN, MAX -> mergeExtreme(slot(window), other.counts[i], other.results[i]);
        case COUNT -> mergeCount(slot(window), other.counts[i]);
        case FIRST, LAST -> mergeEdge(window, other.counts[i], other.results[i]);
        case STDDEV ->
            mergeDeviation(slot(window), other.counts[i], other.results[i], other.remainders[i]);
        case P50, P90, P95, P99 -> addValues(window, other.values[i], 0, (int) other.counts[i]);
        case RAW -> throw new IllegalStateException("raw samples are not pooled");
      }
    }
  }

  /** Calls back with each window, in ascending order, and its value. */
  void forEach(WindowConsumer consumer) {
    Integer[] order = new Integer[size];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Long.compare(windows[a], windows[b]));
    for (int slot : order) {
      consumer.accept(windows[slot], value(slot));
    }
  }

  /** Takes the value of a window. */
  interface WindowConsumer {
    void accept(long window, double value);
  }

  private double value(int slot) {
    return switch (function) {
      case AVG -> CompensatedSum.value(results[slot], remainders[slot]) / counts[slot];
      case SUM, RATE, INCREASE, DELTA -> CompensatedSum.value(results[slot], remainders[slot]);
      case COUNT -> counts[slot];
      case MIN, MAX, FIRST, LAST -> results[slot];
      case STDDEV -> Math.sqrt(remainders[slot] / counts[slot]);
      case P50, P90, P95, P99 -> Percentile.of(function, values[slot], (int) counts[slot]);
      case RAW -> throw new IllegalStateException("raw samples are not pooled");
    };
  }

  private int slot(long window) {
    int at = home(window, table.length);
    while (table[at] != 0) {
      if (windows[table[at] - 1] == window) {
        return table[at] - 1;
      }
      at = (at + 1) & (table.length - 1);
    }
    return newSlot(window, at);
  }

  private int newSlot(long window, int at) {
    if (size == windows.length) {
      int capacity = size * 2;
      windows = Arrays.copyOf(windows, capacity);
      counts = Arrays.copyOf(counts, capacity);
      results = Arrays.copyOf(results, capacity);
      remainders = Arrays.copyOf(remainders, capacity);
      if (values.length > 0) {
        values = Arrays.copyOf(values, capacity);
      }
    }
    int slot = size++;
    windows[slot] = window;
    table[at] = size;
    if (values.length > 0) {
      values[slot] = NO_VALUES;
    }
    if (size * 2 > table.length) {
      rehash();
    }
    return slot;
  }

  private void rehash() {
    int[] larger = new int[table.length * 2];
    for (int slot = 0; slot < size; slot++) {
      int at = home(windows[slot], larger.length);
      while (larger[at] != 0) {
        at = (at + 1) & (larger.length - 1);
      }
      larger[at] = slot + 1;
    }
    table = larger;
  }

  private static int home(long window, int length) {
    long hash = window * 0x9E3779B97F4A7C15L;
    return (int) (hash >>> 40) & (length - 1);
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLongArray(Arrays.copyOf(windows, size));
    out.writeLongArray(Arrays.copyOf(counts, size));
    out.writeDoubleArray(Arrays.copyOf(results, size));
    out.writeDoubleArray(Arrays.copyOf(remainders, size));
    if (values.length > 0) {
      for (int slot = 0; slot < size; slot++) {
        out.writeDoubleArray(Arrays.copyOf(values[slot], (int) counts[slot]));
      }
    }
  }

  static WindowColumns read(Function function, ObjectDataInput in) throws IOException {
    WindowColumns columns = new WindowColumns(function);
    long[] windows = in.readLongArray();
    long[] counts = in.readLongArray();
    double[] results = in.readDoubleArray();
    double[] remainders = in.readDoubleArray();
    for (int i = 0; i < windows.length; i++) {
      int slot = columns.slot(windows[i]);
      columns.counts[slot] = counts[i];
      columns.results[slot] = results[i];
      columns.remainders[slot] = remainders[i];
      if (columns.values.length > 0) {
        columns.values[slot] = in.readDoubleArray();
      }
    }
    return columns;
  }
}
