package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.TidegridException;
import io.tidegrid.query.RollupRow;
import io.tidegrid.query.SeriesSamples;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Makes one line of several series: the values of equal times become one. */
enum SeriesMerge {
  AVG,
  SUM,
  MIN,
  MAX,
  COUNT;

  /**
   * Returns the merge of that name.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE}
   */
  static SeriesMerge of(String name, String pointer) {
    for (SeriesMerge merge : values()) {
      if (merge.name().equals(name.strip().toUpperCase(Locale.ROOT))) {
        return merge;
      }
    }
    throw TidegridException.ofField(
        ErrorCode.INVALID_VALUE,
        pointer,
        "\""
            + TimeParser.shortened(name)
            + "\" does not merge series; use avg, sum, min, max or count");
  }

  /**
   * Merges series, in time proportional to the samples and the logarithm of the number of series.
   */
  SeriesSamples apply(List<SeriesSamples> series) {
    if (series.isEmpty()) {
      return new SeriesSamples(Labels.empty(), new long[0], new double[0]);
    }
    if (series.size() == 1 && this != COUNT) {
      return series.getFirst();
    }
    return fold(series);
  }

  /** Returns the figure of a window that goes by this name. */
  double figure(RollupRow row) {
    return switch (this) {
      case AVG -> row.avg();
      case SUM -> row.sum();
      case MIN -> row.min();
      case MAX -> row.max();
      case COUNT -> row.count();
    };
  }

  private SeriesSamples fold(List<SeriesSamples> series) {
    int total = Math.toIntExact(series.stream().mapToLong(SeriesSamples::size).sum());
    long[] times = new long[total];
    double[] values = new double[total];
    int n = 0;
    SeriesSamples[] heap = new SeriesSamples[series.size()];
    int[] at = new int[series.size()];
    int size = 0;
    for (SeriesSamples one : series) {
      if (one.size() > 0) {
        heap[size++] = one;
      }
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      siftDown(heap, at, size, i);
    }
    while (size > 0) {
      long time = heap[0].times()[at[0]];
      double folded = start();
      int count = 0;
      while (size > 0 && heap[0].times()[at[0]] == time) {
        folded = add(folded, heap[0].values()[at[0]]);
        count++;
        if (++at[0] == heap[0].size()) {
          size--;
          heap[0] = heap[size];
          at[0] = at[size];
        }
        siftDown(heap, at, size, 0);
      }
      times[n] = time;
      values[n++] = end(folded, count);
    }
    return new SeriesSamples(Labels.empty(), Arrays.copyOf(times, n), Arrays.copyOf(values, n));
  }

  private static void siftDown(SeriesSamples[] heap, int[] at, int size, int from) {
    int i = from;
    while (true) {
      int least = i;
      for (int child = 2 * i + 1; child <= 2 * i + 2 && child < size; child++) {
        if (heap[child].times()[at[child]] < heap[least].times()[at[least]]) {
          least = child;
        }
      }
      if (least == i) {
        return;
      }
      SeriesSamples series = heap[i];
      heap[i] = heap[least];
      heap[least] = series;
      int position = at[i];
      at[i] = at[least];
      at[least] = position;
      i = least;
    }
  }

  private double start() {
    return switch (this) {
      case AVG, SUM, COUNT -> 0;
      case MIN -> Double.POSITIVE_INFINITY;
      case MAX -> Double.NEGATIVE_INFINITY;
    };
  }

  private double add(double folded, double value) {
    return switch (this) {
      case AVG, SUM -> folded + value;
      case MIN -> Math.min(folded, value);
      case MAX -> Math.max(folded, value);
      case COUNT -> folded;
    };
  }

  private double end(double folded, int count) {
    return switch (this) {
      case AVG -> folded / count;
      case SUM, MIN, MAX -> folded;
      case COUNT -> count;
    };
  }
}
