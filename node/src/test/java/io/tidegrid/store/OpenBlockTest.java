package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OpenBlockTest {

  private static final int REF = 21;
  private static final long START = BlockSpan.startOf(1_790_000_000_000L);

  /** Late, duplicate and changed samples in all proportions, against a sorted map. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void holdsWhatASortedMapHolds(long seed) {
    Random random = new Random(seed);
    OpenBlock block = new OpenBlock(START, 1);
    SeriesChunks.Scratch scratch = new SeriesChunks.Scratch();
    TreeMap<Long, Double> expected = new TreeMap<>();
    long now = START;
    int lateness = random.nextInt(1, 400);
    double lateShare = random.nextDouble() * random.nextDouble();
    for (int i = 0; i < 3_000; i++) {
      long time;
      if (random.nextDouble() < lateShare) {
        time = Math.max(START, now - 1_000L * random.nextInt(lateness));
      } else {
        now += 1_000;
        time = now;
      }
      double value =
          random.nextInt(3) == 0 && expected.containsKey(time)
              ? expected.get(time)
              : random.nextInt(100) / 10.0;
      boolean keep = random.nextInt(20) == 0;
      SeriesChunks.Outcome outcome = block.append(REF, time, value, keep, scratch);
      Double before = expected.get(time);
      if (before == null) {
        assertThat(outcome).isEqualTo(SeriesChunks.Outcome.ADDED);
        expected.put(time, value);
      } else if (keep || before == value) {
        assertThat(outcome).isEqualTo(SeriesChunks.Outcome.HELD);
      } else {
        assertThat(outcome).isEqualTo(SeriesChunks.Outcome.REPLACED);
        expected.put(time, value);
      }
      if (i % 500 == 0) {
        same(block.find(REF), expected, Long.MIN_VALUE, Long.MAX_VALUE);
      }
    }
    same(block.find(REF), expected, Long.MIN_VALUE, Long.MAX_VALUE);
    for (int i = 0; i < 50; i++) {
      long from = START + 1_000L * random.nextInt(3_000);
      same(block.find(REF), expected, from, from + 1_000L * random.nextInt(1_000));
    }
    assertThat(block.find(REF).count()).isEqualTo(expected.size());
    assertThat(block.find(REF).firstTime()).isEqualTo(expected.firstKey());
    assertThat(block.find(REF).lastTime()).isEqualTo(expected.lastKey());
    SampleBuffer latest = new SampleBuffer();
    long middle = START + 1_500_000;
    assertThat(block.find(REF).copyLatest(middle, latest))
        .isEqualTo(expected.floorKey(middle) != null);
    if (expected.floorKey(middle) != null) {
      assertThat(latest.times()[0]).isEqualTo(expected.floorKey(middle));
      assertThat(latest.values()[0]).isEqualTo(expected.floorEntry(middle).getValue());
    }
  }

  private static void same(
      OpenBlock.Part part, NavigableMap<Long, Double> expected, long from, long to) {
    SampleBuffer buffer = new SampleBuffer();
    buffer.add(-1, -1);
    Map<Long, Double> span = expected.subMap(from, true, to, true);
    assertThat(part.copy(from, to, buffer)).isEqualTo(span.size());
    assertThat(buffer.size()).isEqualTo(span.size() + 1);
    int i = 1;
    for (Map.Entry<Long, Double> sample : span.entrySet()) {
      assertThat(buffer.times()[i]).isEqualTo(sample.getKey());
      assertThat(buffer.values()[i++]).isEqualTo(sample.getValue());
    }
  }

  /** A reader that does not wait for the writer never misses a sample that was there before. */
  @Test
  void readersBesideTheWriterMissNothing() throws Exception {
    OpenBlock block = new OpenBlock(START, 1);
    SeriesChunks.Scratch scratch = new SeriesChunks.Scratch();
    AtomicInteger written = new AtomicInteger();
    AtomicBoolean done = new AtomicBoolean();
    block.append(REF, START, 0, false, scratch);
    try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
      Future<Integer> reader =
          pool.submit(() -> {
            SampleBuffer buffer = new SampleBuffer();
            int readings = 0;
            while (!done.get()) {
              int before = written.get();
              buffer.clear();
              block.find(REF).copy(Long.MIN_VALUE, Long.MAX_VALUE, buffer);
              assertThat(buffer.size()).isGreaterThan(before);
              for (int i = 1; i < buffer.size(); i++) {
                assertThat(buffer.times()[i]).isGreaterThan(buffer.times()[i - 1]);
              }
              readings++;
            }
            return readings;
          });
      Random random = new Random(3);
      long newest = START;
      for (int i = 0; i < 60_000; i++) {
        // Every time once: even ones in order, odd ones late.
        newest += 100;
        block.append(REF, newest, i, false, scratch);
        written.incrementAndGet();
        if (random.nextInt(10) == 0) {
          block.append(REF, newest - 50, i, false, scratch);
          written.incrementAndGet();
        }
      }
      done.set(true);
      assertThat(reader.get()).isPositive();
    }
  }
}
