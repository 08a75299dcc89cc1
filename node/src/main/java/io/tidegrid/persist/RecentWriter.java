package io.tidegrid.persist;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.persist.RollupMarksTable.Place;
import io.tidegrid.store.BlockSpan;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes rows of the table {@code recent} from batches: one for each run of batches that follow one
 * another without a gap, and block. A gap ends the run, because the batches in it may be in rows of
 * their own, whose place in the order must not be inside that of another row. Used by one thread.
 */
final class RecentWriter {

  /** Rows are closed before they would grow beyond this. */
  private static final int MAX_ROW = 16_000;

  private final RecentCopy copy;

  /** The blocks of each shard that rows were written of, with the highest sequence. */
  private final SortedMap<Place, Long> written = new TreeMap<>();

  /** The rows of the present run, by block. */
  private final SortedMap<Long, Row> open = new TreeMap<>();

  private int shard;
  private long lastSeq;
  private long samples;

  private RecentWriter(RecentCopy copy) {
    this.copy = copy;
  }

  /**
   * What was written.
   *
   * @param blocks of each shard, with the highest sequence that has samples in them
   */
  record Written(long samples, SortedMap<Place, Long> blocks) {}

  /** Writes all batches. */
  static Written write(RecentCopy copy, SortedMap<JournalKey, JournalBatch> batches)
      throws SQLException {
    RecentWriter writer = new RecentWriter(copy);
    for (Map.Entry<JournalKey, JournalBatch> entry : batches.entrySet()) {
      writer.add(entry.getKey(), entry.getValue());
    }
    writer.endRun();
    return new Written(writer.samples, writer.written);
  }

  private void add(JournalKey key, JournalBatch batch) throws SQLException {
    long seq = key.sequence();
    // Counters do not run over: the last of an epoch is followed by none.
    if (key.shard() != shard || seq != lastSeq + 1) {
      endRun();
      shard = key.shard();
    }
    lastSeq = seq;
    long[] ids = batch.ids();
    long[] times = batch.times();
    double[] values = batch.values();
    int size = batch.size();
    int from = 0;
    while (from < size) {
      long block = BlockSpan.startOf(times[from]);
      int to = from + 1;
      while (to < size && times[to] >= block && times[to] < block + BlockSpan.LENGTH_MS) {
        to++;
      }
      Row row = open.get(block);
      if (row == null) {
        row = new Row();
        open.put(block, row);
      } else if (row.seq != seq && row.size + size > MAX_ROW) {
        // Only between batches: rows that share a sequence could not be told apart.
        write(block, row);
      }
      row.seq = seq;
      row.add(ids, times, values, from, to);
      from = to;
    }
    samples += size;
  }

  private void endRun() throws SQLException {
    for (Map.Entry<Long, Row> entry : open.entrySet()) {
      write(entry.getKey(), entry.getValue());
    }
    open.clear();
  }

  private void write(long block, Row row) throws SQLException {
    copy.write(shard, block, row.seq, row.ids, row.times, row.values, row.size);
    written.merge(new Place(shard, block), row.seq, Math::max);
    row.size = 0;
  }

  /** A row as it grows. */
  private static final class Row {

    private long[] ids = {};
    private long[] times = {};
    private double[] values = {};
    private int size;
    private long seq;

    void add(long[] moreIds, long[] moreTimes, double[] moreValues, int from, int to) {
      int more = to - from;
      if (size + more > ids.length) {
        int capacity = Math.max(size + more, ids.length * 2);
        ids = Arrays.copyOf(ids, capacity);
        times = Arrays.copyOf(times, capacity);
        values = Arrays.copyOf(values, capacity);
      }
      System.arraycopy(moreIds, from, ids, size, more);
      System.arraycopy(moreTimes, from, times, size, more);
      System.arraycopy(moreValues, from, values, size, more);
      size += more;
    }
  }
}
