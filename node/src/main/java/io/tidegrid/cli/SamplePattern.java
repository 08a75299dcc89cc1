package io.tidegrid.cli;

import java.util.random.RandomGenerator;

/** The shapes of generated series. */
enum SamplePattern {
  /** Goes up and down around the base. */
  SINE_WAVE {
    @Override
    double value(Shape shape, double seconds, double phase, RandomGenerator random) {
      return shape.base() + shape.wave(seconds, phase);
    }
  },
  /** Scatters around the base. */
  NOISE {
    @Override
    double value(Shape shape, double seconds, double phase, RandomGenerator random) {
      return shape.base() + shape.amplitude() / 3 * random.nextGaussian();
    }
  },
  /** Climbs from the base by one amplitude over the duration. */
  LINEAR_TREND {
    @Override
    double value(Shape shape, double seconds, double phase, RandomGenerator random) {
      return shape.base() + shape.trend(seconds);
    }
  },
  /** Stays near the base and now and then leaps by one to two amplitudes. */
  SPIKE {
    @Override
    double value(Shape shape, double seconds, double phase, RandomGenerator random) {
      return shape.base() + shape.jitter(random) + shape.spike(random);
    }
  },
  /** Wave, trend, noise and spikes together. */
  COMBINED {
    @Override
    double value(Shape shape, double seconds, double phase, RandomGenerator random) {
      return shape.base()
          + shape.wave(seconds, phase)
          + shape.trend(seconds)
          + shape.jitter(random)
          + shape.spike(random);
    }
  };

  private static final double SPIKE_CHANCE = 0.05;

  /**
   * The measures of a pattern.
   *
   * @param base the value it starts from
   * @param amplitude how far it goes from there
   * @param periodSeconds the length of a wave
   * @param durationSeconds the time over which it is generated
   */
  record Shape(double base, double amplitude, double periodSeconds, double durationSeconds) {

    /** Returns the height of the wave; {@code phase} from 0 to 1 shifts it. */
    double wave(double seconds, double phase) {
      return amplitude * Math.sin(2 * Math.PI * (seconds / periodSeconds + phase));
    }

    double trend(double seconds) {
      return amplitude * seconds / durationSeconds;
    }

    double jitter(RandomGenerator random) {
      return amplitude / 20 * random.nextGaussian();
    }

    double spike(RandomGenerator random) {
      double height = amplitude * (1 + random.nextDouble());
      return random.nextDouble() < SPIKE_CHANCE ? height : 0;
    }
  }

  /** Returns the value so many seconds after the start; {@code phase} shifts waves, 0 to 1. */
  abstract double value(Shape shape, double seconds, double phase, RandomGenerator random);
}
