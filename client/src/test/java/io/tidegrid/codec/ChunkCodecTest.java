package io.tidegrid.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ChunkCodecTest {

  private static final ChunkCodec CODEC = ChunkCodec.current();
  private static final List<SeriesKind> KINDS = List.of(SeriesKind.values());
  private static final List<TimeKind> TIME_KINDS = List.of(TimeKind.values());
  private static final int BATCHES = 600;

  @ParameterizedTest
  @EnumSource
  void everyBitComesBack(SeriesKind kind) {
    for (int seed = 0; seed < BATCHES; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      roundTrip(kind, anyTimes(random), size(random), random, seed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyTimeComesBack(TimeKind kind) {
    for (int seed = 0; seed < BATCHES; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      roundTrip(SeriesKind.WHOLE_GAUGE, kind, size(random), random, seed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void sizesAroundBlocksAndTheLargest(SeriesKind kind) {
    int[] sizes = {1, 2, 3, 15, 16, 17, 18, 31, 32, 33, 34, 65, 129, 4_097, ChunkCodec.MAX_SAMPLES};
    for (int size : sizes) {
      for (TimeKind times : TimeKind.values()) {
        roundTrip(kind, times, size, new SplittableRandom(size), size);
      }
    }
  }

  private static TimeKind anyTimes(RandomGenerator random) {
    return TIME_KINDS.get(random.nextInt(TIME_KINDS.size()));
  }

  private static int size(RandomGenerator random) {
    return random.nextInt(4) == 0 ? random.nextInt(1, 2_000) : random.nextInt(1, 150);
  }

  private static void roundTrip(
      SeriesKind kind, TimeKind timeKind, int size, RandomGenerator random, long seed) {
    long[] times = new long[size];
    double[] values = new double[size];
    timeKind.fill(times, random);
    kind.fill(values, random);
    String what = kind + " " + timeKind + " size " + size + " seed " + seed;
    int offset = random.nextInt(3);
    byte[] chunk = encodeAt(times, values, offset);
    assertThat(CODEC.count(chunk)).as(what).isEqualTo(size);
    assertThat(CODEC.firstTime(chunk)).as(what).isEqualTo(times[0]);
    assertThat(CODEC.lastTime(chunk)).as(what).isEqualTo(times[size - 1]);
    long[] decodedTimes = new long[size + 5];
    double[] decodedValues = new double[size + 5];
    assertThat(CODEC.decode(chunk, decodedTimes, decodedValues, 2)).as(what).isEqualTo(size);
    for (int i = 0; i < size; i++) {
      if (decodedTimes[i + 2] != times[i] || bits(decodedValues[i + 2]) != bits(values[i])) {
        throw new AssertionError(
            what
                + ": sample "
                + i
                + " is "
                + decodedTimes[i + 2]
                + " "
                + decodedValues[i + 2]
                + ", not "
                + times[i]
                + " "
                + values[i]);
      }
    }
    assertThat(decodedTimes[1] | decodedTimes[size + 2]).as(what).isZero();
    assertThat(decodedValues[1] + decodedValues[size + 2]).as(what).isZero();
    assertThat(chunk.length).as(what).isLessThanOrEqualTo(64 + size * 17);
  }

  private static byte[] encodeAt(long[] times, double[] values, int offset) {
    long[] shiftedTimes = new long[times.length + offset + 1];
    double[] shiftedValues = new double[values.length + offset + 1];
    System.arraycopy(times, 0, shiftedTimes, offset, times.length);
    System.arraycopy(values, 0, shiftedValues, offset, values.length);
    return CODEC.encode(shiftedTimes, shiftedValues, offset, times.length);
  }

  private static long bits(double value) {
    return Double.doubleToRawLongBits(value);
  }

  @ParameterizedTest
  @CsvSource({
    "CONSTANT, 0.13",
    "WHOLE_GAUGE, 0.9",
    "DECIMAL_GAUGE, 1.6",
    "DECIMAL_WITH_STALE, 1.9",
    "COUNTER, 1.2",
    "PAGES, 0.45",
    "FLOATS, 4.0",
    "FULL_GAUGE, 7.0",
    "RANDOM_BITS, 8.1"
  })
  void aSampleInAChunkOf120TakesFewBytes(SeriesKind kind, double most) {
    RandomGenerator random = new SplittableRandom(42);
    long[] times = new long[120];
    double[] values = new double[120];
    long bytes = 0;
    int chunks = 500;
    for (int c = 0; c < chunks; c++) {
      for (int i = 0; i < times.length; i++) {
        times[i] = TimeKind.NOW + (c * 120L + i) * 10_000;
      }
      kind.fill(values, random);
      bytes += CODEC.encode(times, values, 0, 120).length;
    }
    assertThat(bytes / 120.0 / chunks).isLessThanOrEqualTo(most);
  }

  @ParameterizedTest
  @CsvSource({"REGULAR, 0.02", "JITTER, 0.9", "GAPS, 0.6"})
  void timesTakeFewBytes(TimeKind kind, double most) {
    RandomGenerator random = new SplittableRandom(42);
    long[] times = new long[120];
    kind.fill(times, random);
    int size = CODEC.encode(times, new double[120], 0, 120).length;
    assertThat((size - 14) / 120.0).isLessThanOrEqualTo(most);
  }

  @Test
  void refusesWhatIsNoChunk() {
    long[] times = {1, 2, 2};
    double[] values = new double[3];
    assertThatIllegalArgumentException().isThrownBy(() -> CODEC.encode(times, values, 0, 3));
    assertThatIllegalArgumentException().isThrownBy(() -> CODEC.encode(times, values, 0, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CODEC.encode(times, values, 0, ChunkCodec.MAX_SAMPLES + 1));
    assertThatThrownBy(() -> CODEC.encode(times, values, 2, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatIllegalArgumentException().isThrownBy(() -> CODEC.count(new byte[0]));
    assertThatIllegalArgumentException().isThrownBy(() -> CODEC.firstTime(new byte[] {0x10}));
    assertThatIllegalArgumentException().isThrownBy(() -> CODEC.lastTime(new byte[] {0x10, 0, 0}));
    byte[] chunk = CODEC.encode(times, values, 0, 2);
    assertThatThrownBy(() -> CODEC.decode(chunk, times, values, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
    chunk[0] = 0x20;
    assertThatIllegalArgumentException().isThrownBy(() -> CODEC.count(chunk));
  }

  @Test
  void cutChunksAreRefused() {
    RandomGenerator random = new SplittableRandom(7);
    for (SeriesKind kind : SeriesKind.values()) {
      byte[] chunk = anyChunk(kind, 100, random);
      long[] times = new long[ChunkCodec.MAX_SAMPLES];
      double[] values = new double[ChunkCodec.MAX_SAMPLES];
      for (int length = 0; length < chunk.length; length++) {
        byte[] cut = Arrays.copyOf(chunk, length);
        assertThatIllegalArgumentException()
            .as("%s cut to %s", kind, length)
            .isThrownBy(() -> CODEC.decode(cut, times, values, 0));
      }
      byte[] longer = Arrays.copyOf(chunk, chunk.length + 1);
      assertThatIllegalArgumentException().isThrownBy(() -> CODEC.decode(longer, times, values, 0));
    }
  }

  @Test
  void corruptChunksThrowNothingElse() {
    long[] times = new long[ChunkCodec.MAX_SAMPLES];
    double[] values = new double[ChunkCodec.MAX_SAMPLES];
    for (int seed = 0; seed < 30_000; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      SeriesKind kind = KINDS.get(seed % KINDS.size());
      byte[] chunk =
          seed % 10 == 0 ? randomBytes(random) : anyChunk(kind, random.nextInt(1, 60), random);
      for (int flips = random.nextInt(1, 5); flips > 0; flips--) {
        // The header decides what follows, so it is hit more often.
        int at = random.nextInt(random.nextBoolean() ? Math.min(24, chunk.length) : chunk.length);
        chunk[at] = (byte) random.nextInt();
      }
      try {
        CODEC.decode(chunk, times, values, 0);
      } catch (IllegalArgumentException expected) {
        assertThat(expected).hasMessageStartingWith("not a chunk: ");
      } catch (RuntimeException other) {
        throw new AssertionError("seed " + seed, other);
      }
    }
  }

  private static byte[] anyChunk(SeriesKind kind, int size, RandomGenerator random) {
    long[] times = new long[size];
    double[] values = new double[size];
    anyTimes(random).fill(times, random);
    kind.fill(values, random);
    return CODEC.encode(times, values, 0, size);
  }

  private static byte[] randomBytes(RandomGenerator random) {
    byte[] bytes = new byte[random.nextInt(1, 200)];
    random.nextBytes(bytes);
    bytes[0] = (byte) (0x10 | (bytes[0] & 3));
    return bytes;
  }
}
