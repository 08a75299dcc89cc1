package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;
import java.util.Arrays;

/**
 * Samples of one block in the order in which they were written, to be handed over series by series.
 * Some 40 bytes a sample. Not safe for use by many threads.
 */
final class FoldedSamples {

  private final long blockMs;
  private long[] ids;
  private int[] offsets;
  private double[] values;
  private int size;

  /** Up to which sample a sequence reaches. */
  private long[] rowSequences = new long[64];

  private int[] rowEnds = new int[64];
  private int rows;

  private long[] series = {};
  private int[] starts = {};
  private int[] order = {};

  /** One series after {@link #select}, reused: times, values and the place in the order written. */
  private long[] keys = new long[256];

  private long[] times = new long[256];
  private double[] chosen = new double[256];
  private int[] places = new int[256];
  private int count;

  FoldedSamples(long blockMs, int expected) {
    this.blockMs = blockMs;
    int room = Math.max(expected, 1_024);
    ids = new long[room];
    offsets = new int[room];
    values = new double[room];
  }

  int size() {
    return size;
  }

  /**
   * Adds a sample of the row that {@link #endRow} will end.
   *
   * @throws IllegalArgumentException when it is not of the block, or of no series
   */
  void add(long id, long timeMs, double value) {
    long offset = timeMs - blockMs;
    if (offset < 0 || offset >= BlockSpan.LENGTH_MS || id == 0) {
      throw new IllegalArgumentException(
          "a recent row of the block " + blockMs + " has series " + id + " at " + timeMs);
    }
    if (size == ids.length) {
      int room = Math.addExact(size, size / 2);
      ids = Arrays.copyOf(ids, room);
      offsets = Arrays.copyOf(offsets, room);
      values = Arrays.copyOf(values, room);
    }
    ids[size] = id;
    offsets[size] = (int) offset;
    values[size++] = value;
  }

  /** Ends a row; rows come in ascending order of sequence. */
  void endRow(long sequence) {
    if (rows == rowEnds.length) {
      rowSequences = Arrays.copyOf(rowSequences, rows * 2);
      rowEnds = Arrays.copyOf(rowEnds, rows * 2);
    }
    rowSequences[rows] = sequence;
    rowEnds[rows++] = size;
  }

  /** Returns the highest sequence; 0 without rows. */
  long highestSequence() {
    return rows == 0 ? 0 : rowSequences[rows - 1];
  }

  /** Returns how many of the samples were written up to a sequence. */
  int writtenThrough(long sequence) {
    int low = 0;
    int high = rows;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (rowSequences[middle] <= sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? 0 : rowEnds[low - 1];
  }

  /** Groups what was added and returns the ids of the series in ascending order. */
  long[] group() {
    SeriesNumbers numbers = new SeriesNumbers();
    int[] numberOf = new int[size];
    long[] found = new long[64];
    int[] counts = new int[64];
    int distinct = 0;
    for (int i = 0; i < size; i++) {
      int number = numbers.get(ids[i]);
      if (number < 0) {
        number = distinct++;
        numbers.put(ids[i], number);
        if (number == found.length) {
          found = Arrays.copyOf(found, number * 2);
          counts = Arrays.copyOf(counts, number * 2);
        }
        found[number] = ids[i];
      }
      numberOf[i] = number;
      counts[number]++;
    }
    series = Arrays.copyOf(found, distinct);
    Arrays.sort(series);
    int[] next = new int[distinct];
    starts = new int[distinct + 1];
    int at = 0;
    for (int rank = 0; rank < distinct; rank++) {
      int number = numbers.get(series[rank]);
      starts[rank] = at;
      next[number] = at;
      at += counts[number];
    }
    starts[distinct] = at;
    order = new int[size];
    for (int i = 0; i < size; i++) {
      order[next[numberOf[i]]++] = i;
    }
    return series;
  }

  /**
   * Puts one series into ascending order of time, of equal times the one written last, and returns
   * the number of samples left.
   *
   * @param rank its place in {@link #group}
   */
  int select(int rank) {
    int from = starts[rank];
    int written = starts[rank + 1] - from;
    if (keys.length < written) {
      int room = Math.max(written, keys.length * 2);
      keys = new long[room];
      times = new long[room];
      chosen = new double[room];
      places = new int[room];
    }
    boolean ascending = true;
    long previous = -1;
    for (int i = 0; i < written; i++) {
      int place = order[from + i];
      keys[i] = (long) offsets[place] << 32 | place;
      ascending &= keys[i] > previous;
      previous = keys[i];
    }
    if (!ascending) {
      Arrays.sort(keys, 0, written);
    }
    count = 0;
    for (int i = 0; i < written; i++) {
      if (i + 1 < written && keys[i] >>> 32 == keys[i + 1] >>> 32) {
        continue;
      }
      int place = (int) keys[i];
      times[count] = blockMs + (keys[i] >>> 32);
      chosen[count] = values[place];
      places[count++] = place;
    }
    return count;
  }

  /** Returns the times of the selected series; valid until the next one. */
  long[] times() {
    return times;
  }

  /** Returns the values of the selected series; valid until the next one. */
  double[] values() {
    return chosen;
  }

  /** Returns after how many samples one of the selected series was written. */
  int place(int i) {
    return places[i];
  }
}
