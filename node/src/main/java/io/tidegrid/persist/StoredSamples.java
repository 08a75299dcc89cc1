package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableSet;
import java.util.function.BiConsumer;

/**
 * All samples in the database, recent and compacted, as one: each (series, time) once, with the
 * value of the highest sequence. To be asked inside a transaction begun with {@link
 * #beginSnapshot}, since compaction moves samples from one table to the other. Safe for use by many
 * threads, each with a connection of its own.
 */
final class StoredSamples {

  /** PostgreSQL's timestamps reach further; what is later cannot have been stored. */
  static final long MAX_MS = Instant.parse("2500-01-01T00:00:00Z").toEpochMilli();

  /** Recent samples held at a time, 24 bytes each; a single series may have more. */
  private static final int MAX_HELD = 2_000_000;

  /** Compacted samples of one statement, if series have one every ten seconds. */
  private static final long SAMPLES_AT_ONCE = 1_000_000;

  private static final long USUAL_STEP_MS = 10_000;
  private static final int MIN_SERIES_AT_ONCE = 16;

  private final RecentSamples recent;
  private final List<CompactedSamples> compacted;
  private final int maxHeld;

  StoredSamples(RecentSamples recent, List<CompactedSamples> compacted) {
    this(recent, compacted, MAX_HELD);
  }

  /**
   * @param maxHeld how many recent samples to hold in memory at a time
   */
  StoredSamples(RecentSamples recent, List<CompactedSamples> compacted, int maxHeld) {
    this.recent = recent;
    this.compacted = List.copyOf(compacted);
    this.maxHeld = maxHeld;
  }

  /**
   * Begins a transaction that sees one state of all tables, on a connection that is not in
   * auto-commit mode and has no transaction yet. The lock comes before the snapshot: otherwise a
   * partition could be dropped in between whose rows the snapshot does not see in blocks yet.
   */
  static void beginSnapshot(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; LOCK TABLE recent IN ACCESS"
              + " SHARE MODE");
    }
  }

  /**
   * Calls the consumer once for each series that has samples in the range, with these in ascending
   * order of time. The buffer is only valid during the call.
   *
   * @param ids series ids, in any order, each once
   * @param shards the shard of each of them
   */
  void read(
      Connection connection,
      long[] ids,
      int[] shards,
      long fromMs,
      long toMs,
      BiConsumer<Long, SampleBuffer> consumer)
      throws SQLException {
    NavigableSet<Long> blocks =
        recent.blocks(connection, BlockSpan.startOf(fromMs), BlockSpan.startOf(toMs));
    int from = 0;
    while (from < ids.length) {
      Series part = new Series(Arrays.copyOfRange(ids, from, ids.length));
      int[] ofPart = Arrays.copyOfRange(shards, from, ids.length);
      recent.read(
          connection,
          blocks,
          ofPart,
          part.ids,
          (seq, id, timeMs, value) -> {
            if (timeMs >= fromMs && timeMs <= toMs) {
              part.add(seq, id, timeMs, value);
            }
          });
      readCompacted(connection, part, fromMs, toMs, consumer);
      from += part.end;
    }
  }

  private void readCompacted(
      Connection connection,
      Series series,
      long fromMs,
      long toMs,
      BiConsumer<Long, SampleBuffer> consumer)
      throws SQLException {
    SampleBuffer buffer = new SampleBuffer();
    long usual = (toMs - fromMs) / USUAL_STEP_MS + 1;
    int atOnce = (int) Math.max(MIN_SERIES_AT_ONCE, SAMPLES_AT_ONCE / usual);
    for (int from = 0; from < series.end; from += atOnce) {
      int to = Math.min(series.end, from + atOnce);
      long[] ids = Arrays.copyOfRange(series.ids, from, to);
      for (CompactedSamples source : compacted) {
        source.read(
            connection,
            ids,
            fromMs,
            toMs,
            (id, seq, samples) -> {
              SeriesMerge merge = series.get(id);
              if (merge != null) {
                merge.add(seq, samples, fromMs, toMs);
              }
            });
      }
      for (int i = from; i < to; i++) {
        SeriesMerge merge = series.take(i);
        if (merge != null && merge.size() > 0) {
          buffer.clear();
          merge.copyTo(buffer);
          consumer.accept(ids[i - from], buffer);
        }
      }
    }
  }

  /** Called between the steps of a search that may take many. */
  @FunctionalInterface
  interface Step {
    void run() throws SQLException;
  }

  /**
   * Calls the consumer with the newest sample at or before {@code toMs} of each series that has
   * any. Of recent blocks those are read that are newer than what is compacted of some series.
   *
   * @param step run before each statement
   */
  void readLatest(
      Connection connection,
      long[] ids,
      int[] shards,
      long toMs,
      Step step,
      BiConsumer<Long, SampleBuffer> consumer)
      throws SQLException {
    NewestSamples newest = new NewestSamples(ids);
    for (CompactedSamples source : compacted) {
      step.run();
      source.readLatest(
          connection,
          ids,
          toMs,
          (id, seq, samples) -> {
            int at = samples.size() - 1;
            while (at >= 0 && samples.times()[at] > toMs) {
              at--;
            }
            if (at >= 0) {
              newest.offerCompacted(seq, id, samples.times()[at], samples.values()[at]);
            }
          });
    }
    step.run();
    NavigableSet<Long> blocks = recent.blocks(connection, 0, BlockSpan.startOf(toMs));
    for (long block : blocks.descendingSet()) {
      int[] sought = newest.olderThan(block + BlockSpan.LENGTH_MS);
      if (sought.length == 0) {
        break;
      }
      step.run();
      recent.read(
          connection,
          List.of(block),
          Arrays.stream(sought).map(i -> shards[i]).toArray(),
          Arrays.stream(sought).mapToLong(i -> ids[i]).toArray(),
          (seq, id, timeMs, value) -> {
            if (timeMs <= toMs) {
              newest.offerRecent(seq, id, timeMs, value);
            }
          });
    }
    newest.forEach(consumer);
  }

  /** What is gathered of some series; of more than fit, of the first ones. */
  private final class Series {

    private final long[] ids;
    private final SeriesNumbers places = new SeriesNumbers();
    private final SeriesMerge[] merges;
    private int end;
    private long held;

    Series(long[] ids) {
      this.ids = ids;
      this.end = ids.length;
      this.merges = new SeriesMerge[ids.length];
      for (int i = 0; i < ids.length; i++) {
        places.put(ids[i], i);
      }
    }

    /** Returns null for a series that was not asked for, or that there was no room for. */
    SeriesMerge get(long id) {
      int place = places.get(id);
      if (place < 0 || place >= end) {
        return null;
      }
      if (merges[place] == null) {
        merges[place] = new SeriesMerge();
      }
      return merges[place];
    }

    SeriesMerge take(int place) {
      SeriesMerge merge = merges[place];
      merges[place] = null;
      return merge;
    }

    void add(long seq, long id, long timeMs, double value) {
      SeriesMerge merge = get(id);
      if (merge != null) {
        merge.add(seq, timeMs, value);
        held++;
        while (held > maxHeld && end > 1) {
          halve();
        }
      }
    }

    /** Reading goes on, since a statement cannot be left without losing the snapshot. */
    private void halve() {
      int half = (end + 1) / 2;
      for (int i = half; i < end; i++) {
        SeriesMerge dropped = take(i);
        held -= dropped == null ? 0 : dropped.size();
      }
      end = half;
    }
  }
}
