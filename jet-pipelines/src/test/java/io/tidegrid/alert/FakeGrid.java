package io.tidegrid.alert;

import io.tidegrid.live.AppendedSamples;
import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;

/**
 * Shards that keep samples in sorted maps, number their batches, and show them. Several members may
 * look at them. Safe for use by many threads.
 */
final class FakeGrid {

  /** A sample of a series. */
  record Point(Labels labels, long timeMs, double value) {}

  private static final class Shard implements SeriesTable, AlertSource.ShardSamples {
    private final int number;
    private final List<Labels> series = new ArrayList<>();
    private final Map<Labels, Integer> numbers = new HashMap<>();
    private final List<NavigableMap<Long, Double>> samples = new ArrayList<>();
    private long sequence = 7L << 32;

    private Shard(int number) {
      this.number = number;
    }

    private synchronized AppendedSamples append(List<Point> points) {
      int size = points.size();
      int[] refs = new int[size];
      long[] times = new long[size];
      double[] values = new double[size];
      long[] unchanged = new long[size / 64 + 1];
      for (int i = 0; i < size; i++) {
        Point point = points.get(i);
        refs[i] =
            numbers.computeIfAbsent(
                point.labels(),
                labels -> {
                  series.add(labels);
                  samples.add(new ConcurrentSkipListMap<>());
                  return series.size() - 1;
                });
        times[i] = point.timeMs();
        values[i] = point.value();
        Double before = samples.get(refs[i]).put(times[i], values[i]);
        if (before != null && before.equals(values[i])) {
          unchanged[i >> 6] |= 1L << i;
        }
      }
      sequence++;
      return new AppendedSamples(number, sequence, this, size, refs, times, values, unchanged);
    }

    @Override
    public String tenant(int ref) {
      return TestRules.TENANT;
    }

    @Override
    public synchronized Labels labels(int ref) {
      return series.get(ref);
    }

    @Override
    public SeriesTable table() {
      return this;
    }

    @Override
    public synchronized int size() {
      return series.size();
    }

    @Override
    public synchronized int[] select(String tenant, List<Matcher> matchers) {
      return java.util.stream.IntStream.range(0, series.size())
          .filter(ref -> matchers.stream().allMatch(m -> m.matches(series.get(ref).get(m.name()))))
          .toArray();
    }

    @Override
    public synchronized long throughSequence() {
      return sequence;
    }

    private synchronized NavigableMap<Long, Double> of(int ref) {
      return samples.get(ref);
    }

    @Override
    public long lastTimeMs(int ref) {
      NavigableMap<Long, Double> all = of(ref);
      return all.isEmpty() ? Long.MIN_VALUE : all.lastKey();
    }

    @Override
    public void copy(int ref, long fromMs, long toMs, Samples into) {
      if (fromMs <= toMs) {
        of(ref).subMap(fromMs, true, toMs, true).forEach(into::add);
      }
    }

    @Override
    public void copyLatest(int ref, long toMs, Samples into) {
      Map.Entry<Long, Double> entry = of(ref).floorEntry(toMs);
      if (entry != null) {
        into.add(entry.getKey(), entry.getValue());
      }
    }
  }

  private final List<Shard> shards = new ArrayList<>();

  /** By shard, who owns it and under which version. */
  private final Map<Integer, String> owners = new ConcurrentHashMap<>();

  private final Map<Integer, Integer> versions = new ConcurrentHashMap<>();
  private final Map<String, AlertFeed> feeds = new ConcurrentHashMap<>();

  /** Sees each batch on its way to a feed; without it the batch is delivered. */
  volatile Optional<Consumer<AppendedSamples>> interceptor = Optional.empty();

  FakeGrid(int count) {
    for (int shard = 0; shard < count; shard++) {
      shards.add(new Shard(shard));
    }
  }

  void join(String member, AlertFeed feed) {
    feeds.put(member, feed);
  }

  void give(int shard, String member) {
    owners.put(shard, member);
    versions.merge(shard, 1, Integer::sum);
  }

  int shards() {
    return shards.size();
  }

  boolean isShownBy(String member) {
    return feeds.get(member).isOpen();
  }

  int shardOf(Labels labels) {
    return Math.floorMod(labels.hashCode(), shards.size());
  }

  /** Appends samples in batches, one for each shard that they are of. */
  void append(List<Point> points) {
    Map<Integer, List<Point>> byShard = new TreeMap<>();
    points.forEach(point ->
        byShard.computeIfAbsent(shardOf(point.labels()), s -> new ArrayList<>()).add(point));
    byShard.forEach((shard, some) -> {
      AlertFeed feed = feeds.get(owners.getOrDefault(shard, ""));
      boolean open = feed != null && feed.isOpen();
      AppendedSamples batch = shards.get(shard).append(some);
      if (open) {
        interceptor.ifPresentOrElse(seen -> seen.accept(batch), () -> feed.appended(batch));
      }
    });
  }

  AlertSource sourceOf(String member) {
    return new AlertSource() {
      @Override
      public int shards() {
        return shards.size();
      }

      @Override
      public int ownedVersion(int shard) {
        return member.equals(owners.get(shard)) ? versions.get(shard) : -1;
      }

      @Override
      public Optional<ShardSamples> open(int shard) {
        return ownedVersion(shard) < 0 ? Optional.empty() : Optional.of(shards.get(shard));
      }
    };
  }
}
