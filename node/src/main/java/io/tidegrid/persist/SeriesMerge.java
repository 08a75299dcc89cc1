package io.tidegrid.persist;

import io.tidegrid.store.SampleBuffer;
import java.util.Arrays;

/**
 * Gathers the samples of one series from several places. Of equal times the sample of the highest
 * sequence counts, of equal sequences the one that came last. Used by one thread.
 */
final class SeriesMerge {

  private long[] times = {};
  private double[] values = {};
  private long[] seqs = {};
  private int size;

  /** Whether each sample came after those before it, so that there is nothing to merge. */
  private boolean ascending = true;

  int size() {
    return size;
  }

  void add(long seq, long timeMs, double value) {
    ensureRoom(1);
    ascending &= size == 0 || timeMs > times[size - 1];
    times[size] = timeMs;
    values[size] = value;
    seqs[size++] = seq;
  }

  /** Adds those samples of an ascending buffer that lie in a range, both ends included. */
  void add(long seq, SampleBuffer samples, long fromMs, long toMs) {
    int first = lowerBound(samples, fromMs);
    int end = toMs == Long.MAX_VALUE ? samples.size() : lowerBound(samples, toMs + 1);
    int more = end - first;
    if (more <= 0) {
      return;
    }
    ensureRoom(more);
    ascending &= size == 0 || samples.times()[first] > times[size - 1];
    System.arraycopy(samples.times(), first, times, size, more);
    System.arraycopy(samples.values(), first, values, size, more);
    Arrays.fill(seqs, size, size + more, seq);
    size += more;
  }

  private static int lowerBound(SampleBuffer samples, long timeMs) {
    int at = Arrays.binarySearch(samples.times(), 0, samples.size(), timeMs);
    return at >= 0 ? at : -at - 1;
  }

  private void ensureRoom(int more) {
    if (size + more > times.length) {
      int capacity = Math.max(16, Math.max(size + more, times.length * 2));
      times = Arrays.copyOf(times, capacity);
      values = Arrays.copyOf(values, capacity);
      seqs = Arrays.copyOf(seqs, capacity);
    }
  }

  /** Writes the samples in ascending order of time, each time once, to the empty buffer. */
  void copyTo(SampleBuffer into) {
    into.ensureRoom(size);
    if (ascending) {
      System.arraycopy(times, 0, into.times(), 0, size);
      System.arraycopy(values, 0, into.values(), 0, size);
      into.size(size);
      return;
    }
    long[] distinct = into.times();
    System.arraycopy(times, 0, distinct, 0, size);
    Arrays.sort(distinct, 0, size);
    int count = 0;
    for (int i = 0; i < size; i++) {
      if (i == 0 || distinct[i] != distinct[count - 1]) {
        distinct[count++] = distinct[i];
      }
    }
    long[] highest = new long[count];
    Arrays.fill(highest, Long.MIN_VALUE);
    int at = -1;
    for (int i = 0; i < size; i++) {
      long time = times[i];
      // Mostly they come in runs of ascending times.
      at =
          at + 1 < count && distinct[at + 1] == time
              ? at + 1
              : Arrays.binarySearch(distinct, 0, count, time);
      if (seqs[i] >= highest[at]) {
        highest[at] = seqs[i];
        into.values()[at] = values[i];
      }
    }
    into.size(count);
  }
}
