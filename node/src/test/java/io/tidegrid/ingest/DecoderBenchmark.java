package io.tidegrid.ingest;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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

/**
 * Decoding of prebuilt bodies with a warm series cache, on one core; the score is in million
 * samples per second. A file of bodies is a sequence of: shard (int), samples (int), length (int),
 * that many bytes. Run it with {@code -p rw1=FILE -p influx=FILE -p json=FILE}; the first {@value
 * #SAMPLES} samples of each are taken.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgs = {"-Xmx1g", "--sun-misc-unsafe-memory-access=allow"})
public class DecoderBenchmark {

  static final int SAMPLES = 500_000;
  private static final long NOW = 1_767_225_600_000L;

  @Param("")
  public String rw1;

  @Param("")
  public String influx;

  @Param("")
  public String json;

  private Decoders decoders;
  private List<byte[]> rw1Bodies;
  private List<byte[]> influxBodies;
  private List<byte[]> jsonBodies;

  @Setup
  public void load() throws IOException {
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    IngestOptions options = IngestOptions.defaults();
    decoders = new Decoders(options, new SeriesCache(options.seriesCacheBytes(), meters), meters);
    rw1Bodies = bodies(rw1);
    influxBodies = bodies(influx);
    jsonBodies = bodies(json);
  }

  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public void remoteWrite(Blackhole sink) {
    decode(decoders.remoteWrite(), rw1Bodies, sink);
  }

  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public void influxLine(Blackhole sink) {
    decode(decoders.influxLine("ns"), influxBodies, sink);
  }

  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public void json(Blackhole sink) {
    decode(decoders.json(), jsonBodies, sink);
  }

  private static void decode(SampleDecoder decoder, List<byte[]> bodies, Blackhole sink) {
    int samples = 0;
    for (byte[] body : bodies) {
      DecodedBatch batch = decoder.decode("bench", body, body.length, NOW);
      samples += batch.samples().size();
      sink.consume(batch);
    }
    if (samples != SAMPLES) {
      throw new IllegalStateException("decoded " + samples + " samples, not " + SAMPLES);
    }
  }

  private static List<byte[]> bodies(String file) throws IOException {
    List<byte[]> bodies = new ArrayList<>();
    if (file.isEmpty()) {
      return bodies;
    }
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(Path.of(file))))) {
      for (int samples = 0; samples < SAMPLES; ) {
        in.readInt();
        samples += in.readInt();
        bodies.add(in.readNBytes(in.readInt()));
      }
    }
    return bodies;
  }
}
