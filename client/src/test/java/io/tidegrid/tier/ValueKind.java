package io.tidegrid.tier;

import java.util.random.RandomGenerator;

/** Values as series have them, and as nobody expects them. */
enum ValueKind {
  CONSTANT,
  GAUGE,
  COUNTER,
  LATENCY,
  MIXED_SIGNS,
  NEGATIVE,
  SMALL_WHOLE,
  ALL_BINADES,
  ANY_BITS,
  SPECIAL;

  private static final double[] SPECIALS = {
    0.0,
    -0.0,
    Double.MIN_VALUE,
    -Double.MIN_VALUE,
    Double.MIN_NORMAL,
    Math.nextDown(Double.MIN_NORMAL),
    Double.MAX_VALUE,
    -Double.MAX_VALUE,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN,
    1,
    -1,
    1024,
    0x1p-1074,
    0x1.fffffffffffffp-1023
  };

  /** Whether infinities and overflow are among them. */
  boolean isWild() {
    return this == ALL_BINADES || this == ANY_BITS || this == SPECIAL;
  }

  double[] values(int size, RandomGenerator random) {
    double[] values = new double[size];
    double at = random.nextDouble(100);
    for (int i = 0; i < size; i++) {
      at = next(at, random);
      values[i] = at;
    }
    return values;
  }

  private double next(double at, RandomGenerator random) {
    return switch (this) {
      case CONSTANT -> at;
      case GAUGE -> Math.rint((at + random.nextGaussian()) * 100) / 100;
      case COUNTER -> random.nextInt(20) == 0 ? random.nextInt(5) : at + random.nextInt(1_000);
      case LATENCY -> Math.exp(random.nextGaussian() * 2);
      case MIXED_SIGNS -> random.nextGaussian() * 1e3;
      case NEGATIVE -> -Math.exp(random.nextGaussian());
      case SMALL_WHOLE -> random.nextInt(-3, 4);
      case ALL_BINADES ->
          Math.scalb(random.nextDouble(1, 2), random.nextInt(-1074, 1024))
              * (random.nextBoolean() ? 1 : -1);
      case ANY_BITS -> Double.longBitsToDouble(random.nextLong());
      case SPECIAL -> SPECIALS[random.nextInt(SPECIALS.length)];
    };
  }
}
