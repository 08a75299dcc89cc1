package io.tidegrid.grid;

import com.hazelcast.internal.serialization.Data;
import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import java.util.Arrays;
import java.util.List;
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
import org.openjdk.jmh.annotations.Warmup;

/** Nanoseconds to write and to read one batch. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class JournalBatchBenchmark {

  @Param({"156", "2500"})
  public int size;

  /** One time for all, as scrapes have it, or one for each. */
  @Param({"true", "false"})
  public boolean oneTime;

  private InternalSerializationService serialization;
  private JournalBatch batch;
  private Data data;

  /** Makes a batch and prints what it takes. */
  @Setup(Level.Trial)
  public void makeBatch() {
    serialization =
        new DefaultSerializationServiceBuilder()
            .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers())
            .build();
    SplittableRandom random = new SplittableRandom(42);
    long[] ids = random.longs(size).toArray();
    double[] values = random.ints(size, 0, 10_000).mapToDouble(i -> i / 100.0).toArray();
    long[] times = new long[size];
    Arrays.setAll(times, i -> 1_767_225_600_000L + (oneTime ? 0 : random.nextInt(60_000)));
    batch = new JournalBatch(size, ids, times, values, List.of(), false, false);
    data = serialization.toData(batch);
    System.out.printf("%n%d samples: %d bytes%n", size, data.totalSize());
  }

  @Benchmark
  public Data write() {
    return serialization.toData(batch);
  }

  @Benchmark
  public JournalBatch read() {
    return serialization.toObject(data);
  }
}
