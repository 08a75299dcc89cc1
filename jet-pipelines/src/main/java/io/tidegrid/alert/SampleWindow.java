package io.tidegrid.alert;

import io.tidegrid.model.WindowFunction;
import io.tidegrid.tier.CompensatedSum;
import java.util.Arrays;

/**
 * The samples of a series in a rolling window, in two rings of primitives in order of time: 16
 * bytes for each, up to twice that while it has room left. Sum, increase and extremes are kept up
 * as samples come and go; deviation and percentiles look at each sample of the window. Used by one
 * thread.
 */
final class SampleWindow {

  /** Prometheus' mark for the end of a series: never a value. */
  static final long STALE_MARKER = 0x7ff0000000000002L;

  private static final int FIRST_CAPACITY = 8;
  private static final int BYTES_EACH = 16;

  final long rangeMs;
  private final WindowBudget budget;
  private long[] times = new long[0];
  private double[] values = new double[0];
  private int head;
  private int size;
  private boolean buffered = true;

  /** Samples up to this time are not in the window any more. */
  private long afterMs = Long.MIN_VALUE;

  private final CompensatedSum sum = new CompensatedSum();
  private final CompensatedSum rise = new CompensatedSum();
  private double min;
  private double max;
  private int taken;
  private boolean figuresStale;

  SampleWindow(long rangeMs, WindowBudget budget) {
    this.rangeMs = rangeMs;
    this.budget = budget;
  }

  /** Tells whether its samples are here; if not, there was no room, and they have to be read. */
  boolean isBuffered() {
    return buffered;
  }

  int size() {
    return size;
  }

  private int at(int i) {
    return (head + i) & (times.length - 1);
  }

  /**
   * Adds a sample, also one that comes late. NaN is no value; after the mark for the end of a
   * series nothing counts that was before. Of equal times the later counts.
   */
  void add(long timeMs, double value) {
    if (Double.doubleToRawLongBits(value) == STALE_MARKER) {
      boolean ignored = dropThrough(timeMs);
      return;
    }
    if (!buffered || Double.isNaN(value) || timeMs <= afterMs) {
      return;
    }
    if (size > 0 && timeMs <= times[at(size - 1)]) {
      insert(timeMs, value);
      return;
    }
    if (!makeRoom()) {
      return;
    }
    if (!figuresStale) {
      sum.add(value);
      if (size == 0) {
        min = value;
        max = value;
      } else {
        rise.add(rise(values[at(size - 1)], value));
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
    times[at(size)] = timeMs;
    values[at(size)] = value;
    size++;
  }

  private void insert(long timeMs, double value) {
    int place = size;
    while (place > 0 && times[at(place - 1)] >= timeMs) {
      place--;
    }
    figuresStale = true;
    if (times[at(place)] == timeMs) {
      values[at(place)] = value;
      return;
    }
    if (!makeRoom()) {
      return;
    }
    for (int i = size; i > place; i--) {
      times[at(i)] = times[at(i - 1)];
      values[at(i)] = values[at(i - 1)];
    }
    times[at(place)] = timeMs;
    values[at(place)] = value;
    size++;
  }

  private boolean makeRoom() {
    if (size < times.length) {
      return true;
    }
    int capacity = Math.max(FIRST_CAPACITY, size * 2);
    if (!budget.take((long) (capacity - size) * BYTES_EACH)) {
      release();
      buffered = false;
      return false;
    }
    long[] moreTimes = new long[capacity];
    double[] moreValues = new double[capacity];
    for (int i = 0; i < size; i++) {
      moreTimes[i] = times[at(i)];
      moreValues[i] = values[at(i)];
    }
    times = moreTimes;
    values = moreValues;
    head = 0;
    return true;
  }

  /** Drops what is not in the window that ends at a time; tells whether that was anything. */
  boolean moveTo(long endMs) {
    return dropThrough(endMs - rangeMs);
  }

  private boolean dropThrough(long timeMs) {
    boolean any = false;
    afterMs = Math.max(afterMs, timeMs);
    while (size > 0 && times[head] <= timeMs) {
      double gone = values[head];
      head = at(1);
      size--;
      any = true;
      if (!figuresStale) {
        sum.add(-gone);
        if (size > 0) {
          rise.add(-rise(gone, values[head]));
        }
        taken++;
        // Extremes are looked for anew, and what subtracting left of sums does not pile up.
        figuresStale = gone == min || gone == max || taken > 64 + size || Double.isInfinite(gone);
      }
    }
    return any;
  }

  /** Forgets the samples. */
  void clear() {
    size = 0;
    head = 0;
    afterMs = Long.MIN_VALUE;
    figuresStale = true;
  }

  /** Gives its memory back; it is of no more use. */
  void release() {
    budget.giveBack((long) times.length * BYTES_EACH);
    times = new long[0];
    values = new double[0];
    clear();
  }

  private static double rise(double before, double value) {
    return value < before ? value : value - before;
  }

  private void computeFigures() {
    sum.clear();
    rise.clear();
    min = Double.POSITIVE_INFINITY;
    max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < size; i++) {
      double value = values[at(i)];
      sum.add(value);
      min = Math.min(min, value);
      max = Math.max(max, value);
      if (i > 0) {
        rise.add(rise(values[at(i - 1)], value));
      }
    }
    taken = 0;
    figuresStale = false;
  }

  /** Returns the figure of what is in the window; NaN when that is too little to tell. */
  double value(WindowFunction function) {
    if (size == 0) {
      return Double.NaN;
    }
    if (figuresStale) {
      computeFigures();
    }
    return switch (function) {
      case AVG -> sum.value() / size;
      case SUM -> sum.value();
      case COUNT -> size;
      case MIN -> min;
      case MAX -> max;
      case INCREASE -> size < 2 ? Double.NaN : rise.value();
      case RATE -> size < 2 ? Double.NaN : rise.value() / (rangeMs / 1e3);
      case STDDEV -> deviation();
      case P50 -> percentile(0.50);
      case P90 -> percentile(0.90);
      case P95 -> percentile(0.95);
      case P99 -> percentile(0.99);
    };
  }

  private double deviation() {
    double mean = sum.value() / size;
    double squares = 0;
    for (int i = 0; i < size; i++) {
      double difference = values[at(i)] - mean;
      squares += difference * difference;
    }
    return Math.sqrt(squares / size);
  }

  /** Interpolates linearly between the two nearest ranks, as queries do. Linear on average. */
  private double percentile(double share) {
    double[] copy = new double[size];
    for (int i = 0; i < size; i++) {
      copy[i] = values[at(i)];
    }
    double rank = share * (size - 1);
    int lower = (int) rank;
    double weight = rank - lower;
    double below = select(copy, lower);
    if (weight == 0) {
      return below;
    }
    // Selection leaves what is not smaller behind the place.
    double above = Arrays.stream(copy, lower + 1, size).min().orElse(below);
    return below == above ? below : below * (1 - weight) + above * weight;
  }

  /**
   * Returns the value of a rank.
   *
   * @see <a href="https://doi.org/10.1145/366622.366647">Hoare, Algorithm 65: Find, 1961</a>
   */
  private static double select(double[] values, int rank) {
    int low = 0;
    int high = values.length - 1;
    while (low < high) {
      double pivot = values[(low + high) >>> 1];
      int i = low;
      int j = high;
      while (i <= j) {
        while (values[i] < pivot) {
          i++;
        }
        while (values[j] > pivot) {
          j--;
        }
        if (i <= j) {
          double swapped = values[i];
          values[i++] = values[j];
          values[j--] = swapped;
        }
      }
      if (rank <= j) {
        high = j;
      } else if (rank >= i) {
        low = i;
      } else {
        break;
      }
    }
    return values[rank];
  }
}
