package io.tidegrid.query;

import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.SampleBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;

/** A database in memory that remembers what it was asked. */
final class FakeArchive implements SampleArchive {

  /** One question. */
  record Asked(int ids, long fromMs, long toMs) {}

  private final Map<Long, NavigableMap<Long, Double>> series = new ConcurrentHashMap<>();
  final List<Asked> asked = new CopyOnWriteArrayList<>();
  volatile Runnable before = () -> {};

  void put(long id, long time, double value) {
    series.computeIfAbsent(id, ignored -> new TreeMap<>()).put(time, value);
  }

  void clear() {
    series.clear();
  }

  @Override
  public void read(
      long[] ids,
      int[] shards,
      long fromMs,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer) {
    asked.add(new Asked(ids.length, fromMs, toMs));
    before.run();
    for (long id : ids) {
      SampleBuffer buffer = new SampleBuffer();
      if (fromMs <= toMs && series.containsKey(id)) {
        series.get(id).subMap(fromMs, true, toMs, true).forEach(buffer::add);
      }
      if (buffer.size() > 0) {
        consumer.accept(id, buffer);
      }
    }
  }

  @Override
  public void readLatest(
      long[] ids,
      int[] shards,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer) {
    asked.add(new Asked(ids.length, Long.MIN_VALUE, toMs));
    before.run();
    for (long id : ids) {
      Map.Entry<Long, Double> newest =
          series.containsKey(id) ? series.get(id).floorEntry(toMs) : null;
      if (newest != null) {
        SampleBuffer buffer = new SampleBuffer();
        buffer.add(newest.getKey(), newest.getValue());
        consumer.accept(id, buffer);
      }
    }
  }
}
