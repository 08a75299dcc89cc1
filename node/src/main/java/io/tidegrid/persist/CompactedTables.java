package io.tidegrid.persist;

import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * All tables of compacted samples as one: {@code blocks}, and {@code samples} where TimescaleDB has
 * its columnstore. There new samples go to the columnstore, while {@code blocks} may hold those
 * from before the extension came: what is folded anew moves. Safe for use by many threads, each
 * with a connection of its own.
 */
final class CompactedTables implements CompactedSamples, CompactedWriter {

  private final CompactedSamples blocks = new BlockTable();
  private final CompactedWriter blockWriter = new BlockWriter();
  private final HypertableSamples hypertable = new HypertableSamples();
  private final BooleanSupplier columnstore;

  /**
   * @param columnstore whether there is a hypertable; asked each time, since that is only known
   *     once the database was reached
   */
  CompactedTables(BooleanSupplier columnstore) {
    this.columnstore = columnstore;
  }

  private CompactedWriter destination() {
    return columnstore.getAsBoolean() ? hypertable : blockWriter;
  }

  @Override
  public void read(Connection connection, long[] ids, long fromMs, long toMs, Sink sink)
      throws SQLException {
    blocks.read(connection, ids, fromMs, toMs, sink);
    if (columnstore.getAsBoolean()) {
      hypertable.read(connection, ids, fromMs, toMs, sink);
    }
  }

  @Override
  public void readLatest(Connection connection, long[] ids, long toMs, Sink sink)
      throws SQLException {
    blocks.readLatest(connection, ids, toMs, sink);
    if (columnstore.getAsBoolean()) {
      hypertable.readLatest(connection, ids, toMs, sink);
    }
  }

  @Override
  public void prepare(Connection connection, long blockMs, Instant now) throws SQLException {
    destination().prepare(connection, blockMs, now);
  }

  @Override
  public boolean lock(Connection connection, long blockMs) throws SQLException {
    return blockWriter.lock(connection, blockMs)
        && (!columnstore.getAsBoolean() || hypertable.lock(connection, blockMs));
  }

  @Override
  public void forget() {
    blockWriter.forget();
    hypertable.forget();
  }

  @Override
  public void counts(
      Connection connection, long blockMs, long[] ids, int from, int to, int[] counts)
      throws SQLException {
    blockWriter.counts(connection, blockMs, ids, from, to, counts);
    if (columnstore.getAsBoolean()) {
      int[] more = new int[counts.length];
      hypertable.counts(connection, blockMs, ids, from, to, more);
      for (int i = from; i < to; i++) {
        counts[i] += more[i];
      }
    }
  }

  @Override
  public void read(Connection connection, long blockMs, long[] ids, int from, int to, Sink consumer)
      throws SQLException {
    if (!columnstore.getAsBoolean()) {
      blockWriter.read(connection, blockMs, ids, from, to, consumer);
      return;
    }
    TreeMap<Long, Held> held = new TreeMap<>();
    blockWriter.read(
        connection,
        blockMs,
        ids,
        from,
        to,
        (id, seq, samples) -> held.put(id, new Held(seq, copy(samples))));
    hypertable.read(
        connection,
        blockMs,
        ids,
        from,
        to,
        (id, seq, samples) -> {
          for (var entry = held.firstEntry();
              entry != null && entry.getKey() < id;
              entry = held.firstEntry()) {
            hand(held.pollFirstEntry(), consumer);
          }
          Held before = held.remove(id);
          if (before == null) {
            consumer.accept(id, seq, samples);
          } else {
            consumer.accept(id, Math.max(seq, before.seq), before.merge(seq, samples));
          }
        });
    for (var entry = held.pollFirstEntry(); entry != null; entry = held.pollFirstEntry()) {
      hand(entry, consumer);
    }
  }

  private static void hand(Map.Entry<Long, Held> entry, Sink consumer) throws SQLException {
    consumer.accept(entry.getKey(), entry.getValue().seq, entry.getValue().samples);
  }

  private static SampleBuffer copy(SampleBuffer samples) {
    SampleBuffer copy = new SampleBuffer();
    copy.ensureRoom(samples.size());
    System.arraycopy(samples.times(), 0, copy.times(), 0, samples.size());
    System.arraycopy(samples.values(), 0, copy.values(), 0, samples.size());
    copy.size(samples.size());
    return copy;
  }

  /** What {@code blocks} holds of a series. */
  private record Held(long seq, SampleBuffer samples) {

    SampleBuffer merge(long otherSeq, SampleBuffer other) {
      SeriesMerge merge = new SeriesMerge();
      merge.add(seq, samples, Long.MIN_VALUE, Long.MAX_VALUE);
      merge.add(otherSeq, other, Long.MIN_VALUE, Long.MAX_VALUE);
      SampleBuffer all = new SampleBuffer();
      merge.copyTo(all);
      return all;
    }
  }

  @Override
  public void delete(Connection connection, long blockMs, long[] ids, int from, int to)
      throws SQLException {
    blockWriter.delete(connection, blockMs, ids, from, to);
    if (columnstore.getAsBoolean()) {
      hypertable.delete(connection, blockMs, ids, from, to);
    }
  }

  @Override
  public Rows write(Connection connection, long blockMs) throws SQLException {
    return destination().write(connection, blockMs);
  }

  @Override
  public List<ExpiredPartition> expired(Connection connection, Instant before) throws SQLException {
    List<ExpiredPartition> expired = blockWriter.expired(connection, before);
    return columnstore.getAsBoolean()
        ? Stream.concat(expired.stream(), hypertable.expired(connection, before).stream()).toList()
        : expired;
  }

  @Override
  public boolean drop(Connection connection, ExpiredPartition partition, Instant before)
      throws SQLException {
    return HypertableSamples.isChunk(partition)
        ? hypertable.drop(connection, partition, before)
        : blockWriter.drop(connection, partition, before);
  }
}
