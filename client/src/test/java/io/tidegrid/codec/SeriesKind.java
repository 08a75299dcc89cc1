package io.tidegrid.codec;

import java.util.random.RandomGenerator;

/** Kinds of series that tests and benchmarks make, each from a random source alone. */
enum SeriesKind {
  CONSTANT {
    @Override
    void fill(double[] values, RandomGenerator random) {
      java.util.Arrays.fill(values, random.nextInt(100_000) / 100.0);
    }
  },
  /** A gauge of whole numbers that walks between 0 and 100, as TSBS' cpu gauges do. */
  WHOLE_GAUGE {
    @Override
    void fill(double[] values, RandomGenerator random) {
      double value = random.nextInt(101);
      for (int i = 0; i < values.length; i++) {
        value = Math.clamp(value + Math.rint(random.nextGaussian()), 0, 100);
        values[i] = value;
      }
    }
  },
  /** The same walk with two decimals. */
  DECIMAL_GAUGE {
    @Override
    void fill(double[] values, RandomGenerator random) {
      double value = random.nextDouble(100);
      for (int i = 0; i < values.length; i++) {
        value = Math.clamp(value + random.nextGaussian(), 0, 100);
        values[i] = Math.rint(value * 100) / 100;
      }
    }
  },
  /** The same walk with all digits a double has. */
  FULL_GAUGE {
    @Override
    void fill(double[] values, RandomGenerator random) {
      double value = random.nextDouble(100);
      for (int i = 0; i < values.length; i++) {
        value = Math.clamp(value + random.nextGaussian(), 0, 100);
        values[i] = value;
      }
    }
  },
  /** Requests counted at a rate that varies, with a reset now and then. */
  COUNTER {
    @Override
    void fill(double[] values, RandomGenerator random) {
      double value = random.nextInt(1_000_000);
      for (int i = 0; i < values.length; i++) {
        value = random.nextInt(500) == 0 ? 0 : value + 1_000 + random.nextInt(100);
        values[i] = value;
      }
    }
  },
  /** Bytes that change seldom and by whole pages. */
  PAGES {
    @Override
    void fill(double[] values, RandomGenerator random) {
      double value = 4096.0 * random.nextInt(1_000_000);
      for (int i = 0; i < values.length; i++) {
        if (random.nextInt(20) == 0) {
          value = Math.max(0, value + 4096.0 * random.nextInt(-100, 100));
        }
        values[i] = value;
      }
    }
  },
  /** Decimals that were floats on their way. */
  FLOATS {
    @Override
    void fill(double[] values, RandomGenerator random) {
      float value = random.nextFloat() * 100;
      for (int i = 0; i < values.length; i++) {
        value += (float) random.nextGaussian();
        values[i] = value;
      }
    }
  },
  /** Two decimals and, seldom, Prometheus' marker of an end, or an infinity. */
  DECIMAL_WITH_STALE {
    @Override
    void fill(double[] values, RandomGenerator random) {
      DECIMAL_GAUGE.fill(values, random);
      for (int i = 0; i < values.length; i++) {
        if (random.nextInt(60) == 0) {
          values[i] = random.nextBoolean() ? STALE : Double.NEGATIVE_INFINITY;
        }
      }
    }
  },
  /** 0 to 6 decimals, the same for a whole series. */
  ANY_DECIMALS {
    @Override
    void fill(double[] values, RandomGenerator random) {
      double power = Math.pow(10, random.nextInt(7));
      double spread = Math.pow(10, random.nextInt(6));
      for (int i = 0; i < values.length; i++) {
        values[i] = Math.rint((random.nextDouble() - 0.5) * spread * power) / power;
      }
    }
  },
  RANDOM_BITS {
    @Override
    void fill(double[] values, RandomGenerator random) {
      for (int i = 0; i < values.length; i++) {
        values[i] = Double.longBitsToDouble(random.nextLong());
      }
    }
  },
  /** Everything that is not an ordinary number, amid ordinary ones. */
  SPECIALS {
    @Override
    void fill(double[] values, RandomGenerator random) {
      double[] pool = {
        STALE,
        Double.NaN,
        Double.longBitsToDouble(0xFFF8_0000_0000_0000L),
        Double.longBitsToDouble(0x7FF0_0000_0000_0001L | random.nextLong() >>> 13),
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        0.0,
        -0.0,
        Double.MIN_VALUE,
        -Double.MIN_VALUE,
        Double.MIN_NORMAL / 3,
        Double.MAX_VALUE,
        -Double.MAX_VALUE,
        0x1p53,
        0x1p60,
        -0x1p60,
        0x1p63,
        -0x1p63,
        0.1 + 0.2,
        1.0,
        0.25
      };
      int used = random.nextInt(1, pool.length + 1);
      for (int i = 0; i < values.length; i++) {
        values[i] = pool[random.nextInt(used)];
      }
    }
  },
  /** Magnitudes that alternate, which no difference makes small. */
  ALTERNATING {
    @Override
    void fill(double[] values, RandomGenerator random) {
      int exponent = random.nextInt(1, 300);
      for (int i = 0; i < values.length; i++) {
        double value = random.nextInt(1, 1_000);
        values[i] = (i & 1) == 0 ? value * Math.pow(10, exponent) : -value / Math.pow(10, exponent);
      }
    }
  },
  /** Pieces of all others. */
  MIXED {
    @Override
    void fill(double[] values, RandomGenerator random) {
      SeriesKind[] all = values();
      int at = 0;
      while (at < values.length) {
        double[] piece = new double[Math.min(values.length - at, random.nextInt(1, 100))];
        all[random.nextInt(all.length - 1)].fill(piece, random);
        System.arraycopy(piece, 0, values, at, piece.length);
        at += piece.length;
      }
    }
  };

  /** Prometheus' stale marker, a signaling NaN. */
  static final double STALE = Double.longBitsToDouble(0x7FF0_0000_0000_0002L);

  abstract void fill(double[] values, RandomGenerator random);
}
