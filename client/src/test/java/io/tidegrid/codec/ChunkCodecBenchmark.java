package io.tidegrid.codec;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** Samples per microsecond (= millions per second) on one core, in chunks of 120. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class ChunkCodecBenchmark {

  private static final int SIZE = 120;

  /** So many that the branch predictor cannot learn them by heart. */
  private static final int CHUNKS = 1_000;

  private static final ChunkCodec CODEC = ChunkCodec.current();

  /** The values' kind, at regular times; JITTER is the gauge with two decimals at a scraper's. */
  @Param({
    "CONSTANT",
    "WHOLE_GAUGE",
    "DECIMAL_GAUGE",
    "JITTER",
    "DECIMAL_WITH_STALE",
    "COUNTER",
    "PAGES",
    "FLOATS",
    "FULL_GAUGE",
    "RANDOM_BITS"
  })
  public String kind;

  private final long[][] times = new long[CHUNKS][SIZE];
  private final double[][] values = new double[CHUNKS][SIZE];
  private final byte[][] chunks = new byte[CHUNKS][];
  private final long[] decodedTimes = new long[SIZE];
  private final double[] decodedValues = new double[SIZE];

  /** Makes the chunks and prints what a sample takes in them. */
  @Setup(Level.Trial)
  public void makeChunks() {
    SplittableRandom random = new SplittableRandom(42);
    boolean jitter = kind.equals("JITTER");
    SeriesKind values = jitter ? SeriesKind.DECIMAL_GAUGE : SeriesKind.valueOf(kind);
    long bytes = 0;
    for (int c = 0; c < CHUNKS; c++) {
      for (int i = 0; i < SIZE; i++) {
        times[c][i] =
            TimeKind.NOW + (c * (long) SIZE + i) * 10_000 + (jitter ? random.nextInt(-15, 16) : 0);
      }
      values.fill(this.values[c], random);
      chunks[c] = CODEC.encode(times[c], this.values[c], 0, SIZE);
      bytes += chunks[c].length;
    }
    System.out.printf("%n%s: %.3f bytes per sample%n", kind, bytes / (double) CHUNKS / SIZE);
  }

  @Benchmark
  @OperationsPerInvocation(CHUNKS * SIZE)
  public void encode(Blackhole hole) {
    for (int c = 0; c < CHUNKS; c++) {
      hole.consume(CODEC.encode(times[c], values[c], 0, SIZE));
    }
  }

  @Benchmark
  @OperationsPerInvocation(CHUNKS * SIZE)
  public void decode(Blackhole hole) {
    for (byte[] chunk : chunks) {
      hole.consume(CODEC.decode(chunk, decodedTimes, decodedValues, 0));
    }
  }
}
