package io.tidegrid.tier;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Two hours of series with a sample each 10 s, in windows of a minute, five minutes and an hour.
 * Prints the CPU time of each iteration too, as machines are busy with other things.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class RollupBenchmark {

  /** So many that the branch predictor cannot learn them by heart. */
  private static final int SERIES = 200;

  private static final int SAMPLES = 720;
  private static final int MINUTES = 120;
  private static final int FIVE_MINUTES = 24;
  private static final long START = 1_764_000_000_000L / 7_200_000 * 7_200_000;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /**
   * A gauge with two decimals, a counter that is reset at times, values over many powers of two.
   */
  @Param({"GAUGE", "COUNTER", "WIDE"})
  public String kind;

  private final long[] times = new long[SAMPLES];
  private final double[][] values = new double[SERIES][SAMPLES];
  private final RollupColumns[] minutes = new RollupColumns[SERIES];
  private final RollupColumns[] fiveMinutes = new RollupColumns[SERIES];
  private final RollupColumns into = new RollupColumns();
  private final WindowRoller roller = new WindowRoller();
  private final HistogramBuilder histogram = new HistogramBuilder();
  private byte[] bytes = new byte[0];
  private long operations;
  private long cpu;

  @Setup(Level.Trial)
  public void makeSeries() {
    SplittableRandom random = new SplittableRandom(42);
    for (int i = 0; i < SAMPLES; i++) {
      times[i] = START + i * 10_000L;
    }
    for (int s = 0; s < SERIES; s++) {
      double at = random.nextDouble(20, 80);
      for (int i = 0; i < SAMPLES; i++) {
        at = next(at, random);
        values[s][i] = Math.rint(at * 100) / 100;
      }
      minutes[s] = new RollupColumns();
      roller.roll(60_000, times, values[s], 0, SAMPLES, minutes[s]);
      fiveMinutes[s] = new RollupColumns();
      roller.merge(300_000, minutes[s], 0, MINUTES, fiveMinutes[s]);
    }
  }

  private double next(double at, RandomGenerator random) {
    return switch (kind) {
      case "GAUGE" -> Math.abs(at + random.nextGaussian());
      case "COUNTER" -> random.nextInt(500) == 0 ? 0 : at + random.nextInt(1_000);
      default -> Math.exp(random.nextGaussian() * 3);
    };
  }

  @Setup(Level.Iteration)
  public void start() {
    operations = 0;
    cpu = THREADS.getCurrentThreadCpuTime();
  }

  @TearDown(Level.Iteration)
  public void finish() {
    System.out.printf(
        "[CPU %.1f ns/op] ",
        (THREADS.getCurrentThreadCpuTime() - cpu) / (double) Math.max(1, operations));
  }

  /** A sample. */
  @Benchmark
  @OperationsPerInvocation(SERIES * SAMPLES)
  public long rollMinutes() {
    operations += SERIES * SAMPLES;
    return roll(60_000);
  }

  /** A sample. */
  @Benchmark
  @OperationsPerInvocation(SERIES * SAMPLES)
  public long rollTwoHours() {
    operations += SERIES * SAMPLES;
    return roll(7_200_000);
  }

  private long roll(long windowMs) {
    long windows = 0;
    for (double[] series : values) {
      into.clear();
      roller.roll(windowMs, times, series, 0, SAMPLES, into);
      windows += into.size();
    }
    return windows;
  }

  /** A minute that is merged. */
  @Benchmark
  @OperationsPerInvocation(SERIES * MINUTES)
  public long mergeMinutesToFive() {
    operations += SERIES * MINUTES;
    return merge(300_000, minutes, MINUTES);
  }

  /** Five minutes that are merged. */
  @Benchmark
  @OperationsPerInvocation(SERIES * FIVE_MINUTES)
  public long mergeFiveMinutesToHours() {
    operations += SERIES * FIVE_MINUTES;
    return merge(3_600_000, fiveMinutes, FIVE_MINUTES);
  }

  private long merge(long windowMs, RollupColumns[] finer, int size) {
    long windows = 0;
    for (RollupColumns series : finer) {
      into.clear();
      roller.merge(windowMs, series, 0, size, into);
      windows += into.size();
    }
    return windows;
  }

  /** A histogram of six values. */
  @Benchmark
  @OperationsPerInvocation(SERIES * MINUTES)
  public long encodeSix() {
    operations += SERIES * MINUTES;
    return encode(6);
  }

  /** A histogram of 720 values. */
  @Benchmark
  @OperationsPerInvocation(SERIES)
  public long encodeAll() {
    operations += SERIES;
    return encode(SAMPLES);
  }

  private long encode(int each) {
    long size = 0;
    for (double[] series : values) {
      for (int i = 0; i < SAMPLES; i += each) {
        histogram.clear();
        for (int j = i; j < i + each; j++) {
          histogram.add(series[j]);
        }
        bytes = histogram.encode();
        size += bytes.length;
      }
    }
    return size;
  }

  /** The 95th percentile over 120 minutes. */
  @Benchmark
  @OperationsPerInvocation(SERIES)
  public double quantileOfMerged() {
    operations += SERIES;
    double sum = 0;
    for (RollupColumns series : minutes) {
      histogram.clear();
      byte[][] histograms = series.histograms();
      for (int i = 0; i < MINUTES; i++) {
        histogram.addEncoded(histograms[i]);
      }
      sum += histogram.quantile(0.95);
    }
    return sum;
  }
}
