package io.tidegrid.persist;

import io.tidegrid.persist.CompactionSteps.Step;
import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;

/**
 * Writes recent samples of one block, united with what is there of their series. Used for one
 * transaction by one thread.
 */
final class DatabaseFold {

  private final CompactedWriter writer;
  private final Connection connection;
  private final long blockMs;
  private final int maxSamplesAtOnce;
  private final SampleBuffer merged = new SampleBuffer();
  private int series;
  private long samples;

  DatabaseFold(CompactedWriter writer, Connection connection, long blockMs, int maxSamplesAtOnce) {
    this.writer = writer;
    this.connection = connection;
    this.blockMs = blockMs;
    this.maxSamplesAtOnce = maxSamplesAtOnce;
  }

  int series() {
    return series;
  }

  long samples() {
    return samples;
  }

  /**
   * Writes the samples of one pass.
   *
   * @param highest sequence up to which everything is in the pass
   */
  void write(FoldedSamples recent, long highest, CompactionSteps steps) throws SQLException {
    long[] ids = recent.group();
    int[] counts = new int[ids.length];
    writer.counts(connection, blockMs, ids, 0, ids.length, counts);
    int from = 0;
    while (from < ids.length) {
      int to = from;
      long there = 0;
      while (to < ids.length && (to == from || there + counts[to] <= maxSamplesAtOnce)) {
        there += counts[to++];
      }
      write(recent, highest, ids, counts, from, to, steps);
      from = to;
    }
  }

  private void write(
      FoldedSamples recent,
      long highest,
      long[] ids,
      int[] counts,
      int from,
      int to,
      CompactionSteps steps)
      throws SQLException {
    Compacted compacted = new Compacted(ids, counts, from, to);
    if (compacted.ids.length > 0) {
      writer.read(connection, blockMs, compacted.ids, 0, compacted.ids.length, compacted);
      compacted.check();
      writer.delete(connection, blockMs, compacted.ids, 0, compacted.ids.length);
      steps.reached(Step.DELETED, connection);
    }
    try (CompactedWriter.Rows rows = writer.write(connection, blockMs)) {
      for (int rank = from; rank < to; rank++) {
        int count = recent.select(rank);
        if (counts[rank] == 0) {
          rows.write(ids[rank], highest, recent.times(), recent.values(), 0, count);
        } else {
          long sequence = compacted.take(ids[rank]);
          SampleMerge.merge(compacted.one, recent, count, recent.writtenThrough(sequence), merged);
          rows.write(
              ids[rank],
              Math.max(sequence, highest),
              merged.times(),
              merged.values(),
              0,
              merged.size());
        }
      }
      samples += rows.finish();
    }
    series += to - from;
  }

  /** What is there of some series, kept until it is merged: a stream in and one out need turns. */
  private static final class Compacted implements CompactedSamples.Sink {

    private final long[] ids;
    private final long[] sequences;
    private final int[] starts;
    private final SampleBuffer all = new SampleBuffer();
    private final SampleBuffer one = new SampleBuffer();
    private int read;

    Compacted(long[] ids, int[] counts, int from, int to) {
      long[] there = new long[to - from];
      int size = 0;
      int total = 0;
      for (int rank = from; rank < to; rank++) {
        if (counts[rank] > 0) {
          there[size++] = ids[rank];
          total += counts[rank];
        }
      }
      this.ids = Arrays.copyOf(there, size);
      this.sequences = new long[size];
      this.starts = new int[size + 1];
      all.ensureRoom(total);
    }

    @Override
    public void accept(long seriesId, long sequence, SampleBuffer samples) {
      if (read == ids.length || ids[read] != seriesId) {
        throw new IllegalStateException("a compacted series was not asked for: " + seriesId);
      }
      int at = all.size();
      int count = samples.size();
      all.ensureRoom(count);
      System.arraycopy(samples.times(), 0, all.times(), at, count);
      System.arraycopy(samples.values(), 0, all.values(), at, count);
      all.size(at + count);
      sequences[read] = sequence;
      starts[++read] = at + count;
    }

    void check() {
      if (read != ids.length) {
        throw new IllegalStateException("read " + read + " compacted series of " + ids.length);
      }
    }

    /** Puts one series into {@link #one} and returns its sequence. */
    long take(long id) {
      int place = Arrays.binarySearch(ids, id);
      int start = starts[place];
      int count = starts[place + 1] - start;
      one.clear();
      one.ensureRoom(count);
      System.arraycopy(all.times(), start, one.times(), 0, count);
      System.arraycopy(all.values(), start, one.values(), 0, count);
      one.size(count);
      return sequences[place];
    }
  }
}
