package io.tidegrid.query;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * 100,000 samples to 1,000 points. Prints the CPU time of each iteration too, as machines are busy
 * with other things.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class DownsampleBenchmark {

  private static final int SAMPLES = 100_000;
  private static final int POINTS = 1_000;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /**
   * Without gaps; a gap each thousand samples; every tenth NaN; at the times of a random process.
   */
  @Param({"REGULAR", "GAPS", "STALE", "IRREGULAR"})
  public String kind;

  private final long[] times = new long[SAMPLES];
  private final double[] values = new double[SAMPLES];
  private long operations;
  private long cpu;

  @Setup
  public void makeSeries() {
    SplittableRandom random = new SplittableRandom(42);
    long time = 1_764_000_000_000L;
    double at = 0;
    for (int i = 0; i < SAMPLES; i++) {
      time +=
          kind.equals("IRREGULAR") ? (long) (1 - 10_000 * Math.log(random.nextDouble())) : 10_000;
      time += kind.equals("GAPS") && i % 1_000 == 999 ? 3_600_000 : 0;
      at += random.nextGaussian();
      times[i] = time;
      values[i] = kind.equals("STALE") && i % 10 == 0 ? Double.NaN : at;
    }
  }

  @Setup(Level.Iteration)
  public void start() {
    operations = 0;
    cpu = THREADS.getCurrentThreadCpuTime();
  }

  @TearDown(Level.Iteration)
  public void finish() {
    double nanos = THREADS.getCurrentThreadCpuTime() - cpu;
    System.out.printf("[CPU %.1f us/op] ", nanos / 1_000 / Math.max(1, operations));
  }

  @Benchmark
  public int[] lttb() {
    operations++;
    return Downsample.lttb(times, values, POINTS);
  }
}
