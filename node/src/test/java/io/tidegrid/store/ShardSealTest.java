package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import io.tidegrid.grid.Birth;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sealing changes how a shard holds its samples and nothing else. */
class ShardSealTest {

  private static final UUID MEMBER = new UUID(1, 2);
  private static final long START = BlockSpan.startOf(1_790_000_000_000L);
  private static final List<Matcher> ALL = List.of(Matcher.equal("__name__", "m"));
  private static final InternalSerializationService SERIALIZATION =
      new DefaultSerializationServiceBuilder()
          .addDataSerializableFactory(StoreSerializers.FACTORY_ID, new StoreSerializers())
          .build();

  private static List<Birth> births(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> SeriesKey.of("a", Labels.of("__name__", "m", "i", Integer.toString(i))))
        .map(key -> new Birth(key.id(), key.tenant(), key.labels()))
        .toList();
  }

  private static ShardBatch batch(long[] ids, long[] times, double[] values) {
    return new ShardBatch(0, false, ids.length, ids, times, values, new int[0], List.of());
  }

  private static Map<Long, NavigableMap<Long, Long>> content(Shard shard) {
    Map<Long, NavigableMap<Long, Long>> content = new HashMap<>();
    new LocalShardView(0, shard)
        .select(
            "a",
            ALL,
            series -> {
              SampleBuffer samples = new SampleBuffer();
              series.copy(Long.MIN_VALUE, Long.MAX_VALUE, samples);
              NavigableMap<Long, Long> bits = new TreeMap<>();
              for (int i = 0; i < samples.size(); i++) {
                bits.put(samples.times()[i], Double.doubleToRawLongBits(samples.values()[i]));
              }
              assertThat(bits).hasSize(samples.size());
              assertThat(series.sampleCount()).isEqualTo(samples.size());
              if (!bits.isEmpty()) {
                assertThat(series.firstTimeMs()).isEqualTo(bits.firstKey());
                assertThat(series.lastTimeMs()).isEqualTo(bits.lastKey());
                content.put(series.id(), bits);
              }
            });
    return content;
  }

  /** Names the first difference only. */
  private static void same(
      Map<Long, NavigableMap<Long, Long>> actual, Map<Long, NavigableMap<Long, Long>> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach((id, samples) -> {
      NavigableMap<Long, Long> found = actual.get(id);
      samples.forEach((time, bits) -> assertThat(found.get(time)).isEqualTo(bits));
      assertThat(found).hasSize(samples.size());
    });
  }

  private static double value(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> Double.longBitsToDouble(0x7ff0_0000_0000_0002L);
      case 1 -> -0.0;
      case 2 -> random.nextGaussian();
      default -> random.nextInt(40) / 10.0;
    };
  }

  /** Late, equal, changed and restored samples, sealed and moved at any time, against a map. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void holdsWhatWasWritten(long seed) {
    Random random = new Random(seed);
    Shard shard = new Shard(Long.MIN_VALUE, true);
    long[] known = shard.enter(births(30));
    Map<Long, NavigableMap<Long, Long>> expected = new HashMap<>();
    for (int round = 1; round <= 120; round++) {
      int size = random.nextInt(1, 400);
      long[] ids = new long[size];
      long[] times = new long[size];
      double[] values = new double[size];
      boolean restored = random.nextInt(10) == 0;
      boolean overlapping = false;
      for (int i = 0; i < size; i++) {
        ids[i] = known[random.nextInt(known.length)];
        int back = random.nextInt(5) == 0 ? random.nextInt(900) : 0;
        times[i] = Math.max(START, START + round * 120_000L + 1_000L * (i / 4 - back));
        values[i] = value(random);
        NavigableMap<Long, Long> series = expected.computeIfAbsent(ids[i], id -> new TreeMap<>());
        overlapping |= series.containsKey(times[i]);
        long bits = Double.doubleToRawLongBits(values[i]);
        if (restored) {
          series.putIfAbsent(times[i], bits);
        } else {
          series.put(times[i], bits);
        }
      }
      ShardBatch batch = batch(ids, times, values);
      if (restored) {
        shard.restore(batch);
      } else {
        assertThat(shard.apply(7, round, MEMBER, batch)).isEqualTo(overlapping);
      }
      if (random.nextInt(4) == 0) {
        Block[] blocks = shard.blocks();
        assertThat(shard.seal(blocks[random.nextInt(blocks.length)])).isTrue();
      }
      if (random.nextInt(30) == 0) {
        shard = SERIALIZATION.toObject(SERIALIZATION.toData(shard));
      }
      if (round % 20 == 0) {
        same(content(shard), expected);
      }
    }
    same(content(shard), expected);
    ShardSize size = new ShardSize();
    shard.addTo(size);
    assertThat(size.samples).isEqualTo(expected.values().stream().mapToLong(NavigableMap::size).sum());
    for (Block block : shard.blocks()) {
      assertThat(shard.seal(block)).isTrue();
      assertThat(block.state().open()).isNull();
      assertThat(block.state().sealed().samples()).isEqualTo(block.samples());
    }
    same(content(shard), expected);
    same(content(SERIALIZATION.toObject(SERIALIZATION.toData(shard))), expected);
    latestIsTheLast(shard, expected, random);
  }

  private static void latestIsTheLast(
      Shard shard, Map<Long, NavigableMap<Long, Long>> expected, Random random) {
    new LocalShardView(0, shard)
        .select(
            "a",
            ALL,
            series -> {
              NavigableMap<Long, Long> samples = expected.getOrDefault(series.id(), new TreeMap<>());
              long at = START + random.nextLong(120 * 120_000L);
              SampleBuffer latest = new SampleBuffer();
              assertThat(series.copyLatest(at, latest)).isEqualTo(samples.floorKey(at) != null);
              if (latest.size() > 0) {
                assertThat(latest.times()[0]).isEqualTo(samples.floorKey(at));
              }
            });
  }

  /** Writers go on while a block is sealed again and again; readers miss nothing meanwhile. */
  @Test
  void sealingBesideWritersAndReaders() throws Exception {
    Shard shard = new Shard(Long.MIN_VALUE, true);
    long[] ids = shard.enter(births(40));
    AtomicInteger written = new AtomicInteger();
    AtomicBoolean done = new AtomicBoolean();
    Map<Long, NavigableMap<Long, Long>> expected = new HashMap<>();
    write(shard, ids, 0, expected);
    written.set(1);
    try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
      Future<Integer> sealer =
          pool.submit(() -> {
            int sealed = 0;
            while (!done.get()) {
              for (Block block : shard.blocks()) {
                sealed += shard.seal(block) ? 1 : 0;
              }
            }
            return sealed;
          });
      Future<Integer> reader =
          pool.submit(() -> {
            int readings = 0;
            SampleBuffer buffer = new SampleBuffer();
            while (!done.get()) {
              int rounds = written.get();
              new LocalShardView(0, shard)
                  .select(
                      "a",
                      ALL,
                      series -> {
                        buffer.clear();
                        series.copy(Long.MIN_VALUE, Long.MAX_VALUE, buffer);
                        assertThat(buffer.size()).isGreaterThanOrEqualTo(rounds);
                        for (int i = 1; i < buffer.size(); i++) {
                          assertThat(buffer.times()[i]).isGreaterThan(buffer.times()[i - 1]);
                        }
                      });
              readings++;
            }
            return readings;
          });
      for (int round = 1; round < 600; round++) {
        write(shard, ids, round, expected);
        written.incrementAndGet();
      }
      done.set(true);
      assertThat(sealer.get()).isPositive();
      assertThat(reader.get()).isPositive();
    }
    same(content(shard), expected);
  }

  /** Writes to each series a new time, and another value to an old one. */
  private static void write(
      Shard shard, long[] known, int round, Map<Long, NavigableMap<Long, Long>> expected) {
    Random random = new Random(round);
    int n = known.length;
    long[] ids = new long[2 * n];
    long[] times = new long[2 * n];
    double[] values = new double[2 * n];
    for (int i = 0; i < 2 * n; i++) {
      ids[i] = known[i % n];
      times[i] = START + 2_000L * (i < n ? round : random.nextInt(round + 1));
      values[i] = random.nextInt(1_000) / 10.0;
      expected
          .computeIfAbsent(ids[i], id -> new TreeMap<>())
          .put(times[i], Double.doubleToRawLongBits(values[i]));
    }
    shard.apply(1, round + 1, MEMBER, batch(ids, times, values));
  }

  @Test
  void aBlockIsWholeWhenSealedWithoutOverlayAndNotEvicted() {
    Shard shard = new Shard(START, true);
    long[] ids = shard.enter(births(3));
    shard.apply(5, 1, MEMBER, batch(ids, new long[] {START - 1, START, START + 1}, new double[3]));
    assertThat(shard.whole(START)).as("open").isEmpty();
    seal(shard);
    assertThat(shard.whole(START - BlockSpan.LENGTH_MS)).as("before it was whole").isEmpty();
    Optional<Shard.Whole> whole = shard.whole(START);
    assertThat(whole).isPresent();
    assertThat(whole.get().throughSequence()).isEqualTo(5L << 32 | 1);
    assertThat(shard.whole(START + BlockSpan.LENGTH_MS)).as("none there").isEmpty();
    shard.apply(5, 2, MEMBER, batch(new long[] {ids[0]}, new long[] {START + 5}, new double[1]));
    assertThat(shard.whole(START)).as("a late sample lies over it").isEmpty();
    seal(shard);
    assertThat(shard.whole(START).orElseThrow().throughSequence()).isEqualTo(5L << 32 | 2);
    assertThat(shard.evict(new long[] {START}, new long[] {5L << 32 | 1}, true))
        .as("written to since")
        .isEmpty();
    assertThat(shard.evict(new long[] {START}, new long[] {5L << 32 | 2}, true)).hasSize(1);
    assertThat(shard.wholeFromMs()).isEqualTo(START + BlockSpan.LENGTH_MS);
    assertThat(
            shard.apply(
                5, 3, MEMBER, batch(new long[] {ids[0]}, new long[] {START + 9}, new double[1])))
        .as("the database may have it")
        .isTrue();
    seal(shard);
    assertThat(shard.whole(START)).as("partial").isEmpty();
    shard.restore(batch(new long[] {ids[0]}, new long[] {START + 8}, new double[1]));
    assertThat(content(shard).get(ids[0])).as("what left does not come back").hasSize(2);
  }

  private static void seal(Shard shard) {
    for (Block block : shard.blocks()) {
      boolean ignored = block.state().open() != null && shard.seal(block);
    }
  }
}
