package io.tidegrid.codec;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Kinds of time columns, strictly ascending. */
enum TimeKind {
  REGULAR {
    @Override
    void fill(long[] times, RandomGenerator random) {
      long step = STEPS[random.nextInt(STEPS.length)];
      long start = NOW + random.nextInt(1_000_000);
      Arrays.setAll(times, i -> start + i * step);
    }
  },
  /** A scraper's: on its grid give or take 15 ms. */
  JITTER {
    @Override
    void fill(long[] times, RandomGenerator random) {
      Arrays.setAll(times, i -> NOW + i * 10_000L + random.nextInt(-15, 16));
    }
  },
  /** Regular, with scrapes missing. */
  GAPS {
    @Override
    void fill(long[] times, RandomGenerator random) {
      long at = NOW;
      for (int i = 0; i < times.length; i++) {
        times[i] = at;
        at += random.nextInt(30) == 0 ? 10_000L * random.nextInt(2, 50) : 10_000L;
      }
    }
  },
  RANDOM {
    @Override
    void fill(long[] times, RandomGenerator random) {
      long at = -random.nextLong(1L << 40);
      for (int i = 0; i < times.length; i++) {
        times[i] = at;
        at += 1 + (random.nextLong() >>> random.nextInt(30, 63));
      }
    }
  },
  /** Over all that a long holds: differences overflow. */
  EXTREME {
    @Override
    void fill(long[] times, RandomGenerator random) {
      long[] sorted = new long[0];
      while (sorted.length < times.length) {
        sorted = random.longs(times.length * 2L).sorted().distinct().limit(times.length).toArray();
      }
      System.arraycopy(sorted, 0, times, 0, times.length);
      if (times.length > 1) {
        times[times.length - 1] = Long.MAX_VALUE;
      }
      times[0] = Long.MIN_VALUE;
    }
  };

  static final long NOW = 1_767_225_600_000L;
  private static final long[] STEPS = {1, 1_000, 10_000, 15_000, 60_000, 86_400_000};

  abstract void fill(long[] times, RandomGenerator random);
}
