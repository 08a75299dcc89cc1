package io.tidegrid.node;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.persist.RollupArchive;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/** A database in memory whose reloads can be held up, and that can be away. */
final class ReloadDatabase implements SampleArchive, RollupArchive {

  /** What a reload may be held up by. */
  interface Gate {
    void run() throws InterruptedException;
  }

  private final Map<Long, NavigableMap<Long, Double>> series = new HashMap<>();
  final Set<Long> droppedBlocks = ConcurrentHashMap.newKeySet();
  final AtomicInteger queries = new AtomicInteger();
  final AtomicInteger reloads = new AtomicInteger();
  final AtomicInteger looks = new AtomicInteger();

  /** Run in each read of a reload, when its snapshot is taken, before anything is handed over. */
  volatile Gate gate = () -> {};

  volatile boolean away;

  synchronized void store(JournalBatch batch) {
    for (int i = 0; i < batch.size(); i++) {
      series
          .computeIfAbsent(batch.ids()[i], id -> new TreeMap<>())
          .put(batch.times()[i], batch.values()[i]);
    }
  }

  private synchronized Map<Long, SampleBuffer> snapshot(long[] ids, long fromMs, long toMs) {
    Map<Long, SampleBuffer> found = new HashMap<>();
    for (long id : ids) {
      SampleBuffer buffer = new SampleBuffer();
      if (series.containsKey(id)) {
        series.get(id).subMap(fromMs, true, toMs, true).forEach(buffer::add);
      }
      if (buffer.size() > 0) {
        found.put(id, buffer);
      }
    }
    return found;
  }

  private void check() {
    if (away) {
      throw TidegridException.retryable(
          ErrorCode.STORAGE_AWAY, "the database is away", Duration.ofSeconds(1));
    }
  }

  @Override
  public void read(
      long[] ids,
      int[] shards,
      long fromMs,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer) {
    check();
    Map<Long, SampleBuffer> found = snapshot(ids, fromMs, toMs);
    if (Thread.currentThread().getName().equals("tidegrid-reload")) {
      reloads.incrementAndGet();
      try {
        gate.run();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    } else {
      queries.incrementAndGet();
    }
    found.forEach((id, samples) -> {
      check();
      consumer.accept(id, samples);
    });
  }

  @Override
  public void readLatest(
      long[] ids,
      int[] shards,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer) {
    check();
    queries.incrementAndGet();
    snapshot(ids, 0, toMs)
        .forEach((id, samples) -> {
          SampleBuffer newest = new SampleBuffer();
          newest.add(samples.times()[samples.size() - 1], samples.values()[samples.size() - 1]);
          consumer.accept(id, newest);
        });
  }

  @Override
  public void read(
      Tier tier,
      long[] ids,
      long fromMs,
      long toMs,
      boolean histograms,
      Duration timeout,
      RollupArchive.Consumer consumer) {
    throw new IllegalStateException("no windows are stored: " + new RollupColumns().size());
  }

  @Override
  public boolean isRawDropped(long timeMs) {
    looks.incrementAndGet();
    return droppedBlocks.contains(BlockSpan.startOf(timeMs));
  }

  @Override
  public long keptFromMs(Tier tier) {
    return Long.MIN_VALUE;
  }
}
