package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SealedBlockTest {

  private static final long START = BlockSpan.startOf(1_790_000_000_000L);

  /** Random series, some missing, one with more samples than a chunk holds, odd values. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void holdsWhatItWasBuiltFrom(long seed) {
    Random random = new Random(seed);
    NavigableMap<Integer, NavigableMap<Long, Double>> expected = new TreeMap<>();
    SealedBlock.Builder builder = new SealedBlock.Builder(START, 1);
    int ref = random.nextInt(2);
    for (int i = 0; i < 60; i++, ref += random.nextInt(4) == 0 ? 1 + random.nextInt(5) : 1) {
      NavigableMap<Long, Double> samples = new TreeMap<>();
      int count = i == 30 ? SealedBlock.MAX_CHUNK * 2 + 5 : random.nextInt(1, 900);
      long step = BlockSpan.LENGTH_MS / (count + 1);
      for (int n = 0; n < count; n++) {
        long jitter = i % 3 == 0 ? random.nextLong(step) : 0;
        samples.put(START + n * step + jitter, value(random, i));
      }
      expected.put(ref, samples);
      builder.add(ref, buffer(samples));
    }
    builder.add(ref, new SampleBuffer());
    SealedBlock block = builder.build();
    same(block, expected, random);
    assertThat(block.series()).isEqualTo(60);
    InternalSerializationService serialization =
        new DefaultSerializationServiceBuilder()
            .addDataSerializableFactory(StoreSerializers.FACTORY_ID, new StoreSerializers())
            .build();
    Shard shard = new Shard(Long.MIN_VALUE, true);
    shard.put(new Block(block));
    Shard copy = serialization.toObject(serialization.toData(shard));
    same(copy.blocks()[0].state().sealed(), expected, random);
    SealedBlock.Builder again = new SealedBlock.Builder(START, 100);
    for (int series : expected.keySet()) {
      again.add(block, block.find(series));
    }
    same(again.build(), expected, random);
  }

  private static double value(Random random, int series) {
    return switch (series % 5) {
      case 0 -> random.nextInt(100);
      case 1 -> random.nextInt(10_000) / 100.0;
      case 2 -> random.nextGaussian();
      case 3 -> Double.longBitsToDouble(random.nextLong());
      default ->
          random.nextInt(10) == 0
              ? Double.longBitsToDouble(0x7ff0_0000_0000_0002L)
              : -random.nextInt(2) * 0.0;
    };
  }

  private static SampleBuffer buffer(NavigableMap<Long, Double> samples) {
    SampleBuffer buffer = new SampleBuffer();
    samples.forEach(buffer::add);
    return buffer;
  }

  private static void same(
      SealedBlock block, NavigableMap<Integer, NavigableMap<Long, Double>> expected, Random random) {
    long samples = 0;
    SealedBlock.Lookup lookup = new SealedBlock.Lookup();
    for (int ref = 0; ref < expected.lastKey() + 2; ref++) {
      NavigableMap<Long, Double> series = expected.get(ref);
      int first = block.find(ref);
      if (series == null) {
        assertThat(first).isEqualTo(-1);
        continue;
      }
      samples += series.size();
      assertThat(block.count(first)).isEqualTo(series.size());
      assertThat(block.firstTime(first)).isEqualTo(series.firstKey());
      assertThat(block.lastTime(first)).isEqualTo(series.lastKey());
      same(block, first, series, Long.MIN_VALUE, Long.MAX_VALUE);
      for (int i = 0; i < 5; i++) {
        long from = START + random.nextLong(BlockSpan.LENGTH_MS);
        same(block, first, series, from, from + random.nextLong(BlockSpan.LENGTH_MS));
        SampleBuffer latest = new SampleBuffer();
        assertThat(block.copyLatest(first, from, latest)).isEqualTo(series.floorKey(from) != null);
        if (series.floorKey(from) != null) {
          assertThat(latest.times()[0]).isEqualTo(series.floorKey(from));
          long before = series.floorKey(from);
          assertThat(lookup.find(block, ref, before)).isTrue();
          sameBits(lookup.value(), series.get(before));
        }
        assertThat(lookup.find(block, ref, from)).isEqualTo(series.containsKey(from));
      }
    }
    assertThat(block.samples()).isEqualTo(samples);
  }

  private static void same(
      SealedBlock block, int first, NavigableMap<Long, Double> series, long from, long to) {
    SampleBuffer buffer = new SampleBuffer();
    buffer.add(-1, -1);
    var span = series.subMap(from, true, to, true);
    assertThat(block.copy(first, from, to, buffer)).isEqualTo(span.size());
    int i = 1;
    for (var sample : span.entrySet()) {
      assertThat(buffer.times()[i]).isEqualTo(sample.getKey());
      sameBits(buffer.values()[i++], sample.getValue());
    }
    assertThat(buffer.size()).isEqualTo(i);
  }

  private static void sameBits(double actual, double expected) {
    assertThat(Double.doubleToRawLongBits(actual)).isEqualTo(Double.doubleToRawLongBits(expected));
  }

  /** The bars hold with what gauges look like: random walks within 0 to 100. */
  @ParameterizedTest
  @CsvSource({
    "2, 10000, 2.2", "2, 15000, 2.2", "2, 60000, 2.2",
    "0, 10000, 1.2", "0, 15000, 1.2", "0, 60000, 1.2",
    "-1, 10000, 8", "-1, 15000, 8", "-1, 60000, 8"
  })
  void takesLittleHeap(int decimals, long stepMs, double bar) {
    SealedBlock block = gauges(decimals, stepMs, 400);
    assertThat((double) block.heapBytes() / block.samples()).isLessThanOrEqualTo(bar);
  }

  /** Says what blocks take, when asked to. */
  @Test
  void measured() {
    if (!Boolean.getBoolean("tidegrid.measure")) {
      return;
    }
    StringBuilder text = new StringBuilder();
    for (int decimals : new int[] {2, 0, -1}) {
      for (long step : new long[] {10_000, 15_000, 60_000}) {
        SealedBlock block = gauges(decimals, step, 625);
        text.append(
            String.format(
                "decimals %d, step %d s: %.3f B a sample%n",
                decimals, step / 1_000, (double) block.heapBytes() / block.samples()));
      }
    }
    System.getLogger("measure").log(System.Logger.Level.INFO, text.toString());
  }

  static SealedBlock gauges(int decimals, long stepMs, int series) {
    SealedBlock.Builder builder = new SealedBlock.Builder(START, series);
    Random random = new Random(42);
    double power = Math.pow(10, Math.max(decimals, 0));
    for (int ref = 0; ref < series; ref++) {
      SampleBuffer buffer = new SampleBuffer();
      double walk = random.nextDouble() * 100;
      for (long time = START + random.nextLong(stepMs);
          time < START + BlockSpan.LENGTH_MS;
          time += stepMs) {
        walk = Math.clamp(walk + random.nextGaussian(), 0, 100);
        buffer.add(
            time,
            switch (decimals) {
              case -1 -> walk;
              case 0 -> (double) (long) walk;
              default -> Math.round(walk * power) / power;
            });
      }
      builder.add(ref, buffer);
    }
    return builder.build();
  }
}
