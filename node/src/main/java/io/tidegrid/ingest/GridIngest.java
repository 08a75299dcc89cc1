package io.tidegrid.ingest;

import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.ShardAppender;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Splits batches by shard, sends each part down its lane, and waits for all of them. */
public final class GridIngest implements Ingest, AutoCloseable {

  private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(30);
  private static final int REFUSED = -1;

  private final IngestOptions options;
  private final Duration memoryRetention;
  private final Optional<CommitNow> database;
  private final LongSupplier paceMs;
  private final MetadataBook metadata;
  private final InstantSource clock;
  private final ShardLane[] lanes;
  private final ScheduledExecutorService executor;
  private final Counter accepted;
  private final Counter rejected;

  /**
   * @param appender the way to the shards
   * @param memoryRetention how far back memory keeps samples; older ones go to the database only
   * @param database commits what must be committed before it is answered; empty without a database,
   *     then older samples are refused
   * @param paceMs by how many milliseconds to delay each write, so that the database keeps up
   */
  public GridIngest(
      HazelcastInstance hazelcast,
      ShardAppender appender,
      IngestOptions options,
      Duration memoryRetention,
      Optional<CommitNow> database,
      LongSupplier paceMs,
      InstantSource clock,
      MeterRegistry meters) {
    this.options = options;
    this.memoryRetention = memoryRetention;
    this.database = database;
    this.paceMs = paceMs;
    this.clock = clock;
    this.metadata = new MetadataBook(hazelcast);
    this.executor =
        Executors.newScheduledThreadPool(
            Math.max(2, Runtime.getRuntime().availableProcessors()),
            Thread.ofPlatform().daemon().name("tidegrid-ingest-", 0).factory());
    this.lanes = new ShardLane[appender.shards()];
    for (int shard = 0; shard < lanes.length; shard++) {
      lanes[shard] = new ShardLane(shard, appender, executor);
    }
    this.accepted =
        Counter.builder("metrics.ingested")
            .description("Samples accepted and acknowledged")
            .register(meters);
    this.rejected =
        Counter.builder("tidegrid.ingest.rejected")
            .description("Samples refused because of their time")
            .register(meters);
  }

  @Override
  public IngestResult append(String tenant, SampleBatch batch, Ack ack) {
    if (ack == Ack.DURABLE && database.isEmpty()) {
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "a durable acknowledgement needs a database; this node runs with storage: memory");
    }
    if (batch.size() == 0) {
      return new IngestResult(0, 0, List.of());
    }
    keepPace();
    Routing routing = new Routing(batch);
    PendingWrite pending = routing.send(ack == Ack.DURABLE);
    Map<JournalKey, JournalBatch> entries = pending.await(WRITE_TIMEOUT);
    if (!entries.isEmpty()) {
      database.orElseThrow().commit(entries);
    }
    int refused = routing.refused;
    accepted.increment(batch.size() - refused);
    if (refused > 0) {
      rejected.increment(refused);
    }
    return new IngestResult(batch.size() - refused, refused, routing.errors);
  }

  private void keepPace() {
    long delay = paceMs.getAsLong();
    if (delay > 0) {
      try {
        TimeUnit.MILLISECONDS.sleep(delay);
      } catch (InterruptedException e) {
        // The node is stopping; what follows says so.
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void describe(String tenant, List<MetricMetadata> descriptions) {
    metadata.write(tenant, descriptions);
  }

  @Override
  public MetricMetadata description(String tenant, String metric) {
    return metadata.read(tenant, metric);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  /**
   * Which sample of a batch goes where: to a shard's memory, past it to the database, or nowhere.
   */
  private final class Routing {

    private final SampleBatch batch;
    private final int[] laneOf;
    private final int[] laneSizes = new int[lanes.length * 2];
    private final List<RowError> errors = new ArrayList<>(0);
    private int refused;

    Routing(SampleBatch batch) {
      this.batch = batch;
      this.laneOf = new int[batch.size()];
      long now = clock.millis();
      long latest = now + options.maxFuture().toMillis();
      long oldBefore = now - memoryRetention.toMillis();
      long earliest = database.isPresent() ? 0 : oldBefore;
      SeriesKey[] keys = batch.keys();
      long[] times = batch.times();
      for (int i = 0; i < laneOf.length; i++) {
        long time = times[i];
        if (time < earliest || time > latest) {
          laneOf[i] = REFUSED;
          refuse(i, time, now);
          continue;
        }
        int lane = keys[i].shard(lanes.length) + (time < oldBefore ? lanes.length : 0);
        laneOf[i] = lane;
        laneSizes[lane]++;
      }
    }

    private void refuse(int i, long time, long now) {
      refused++;
      if (errors.size() == IngestResult.MAX_ERRORS) {
        return;
      }
      ErrorCode code;
      String detail;
      if (time > now) {
        code = ErrorCode.SAMPLE_TOO_NEW;
        detail =
            "the time "
                + text(time)
                + " lies more than "
                + options.maxFuture().toSeconds()
                + " s after the node's clock (ingest.max-future)";
      } else if (time < 0) {
        code = ErrorCode.INVALID_TIME;
        detail = "the time " + text(time) + " lies before 1970-01-01T00:00:00Z";
      } else {
        code = ErrorCode.SAMPLE_TOO_OLD;
        detail =
            "the time "
                + text(time)
                + " lies before what memory keeps (memory.retention), and the node runs without a"
                + " database";
      }
      errors.add(new RowError(batch.row(i), code, detail));
    }

    PendingWrite send(boolean durable) {
      int count = 0;
      boolean anyOld = false;
      for (int lane = 0; lane < laneSizes.length; lane++) {
        if (laneSizes[lane] > 0) {
          count++;
          anyOld |= lane >= lanes.length;
        }
      }
      // Only the database will have old samples: nothing less than its commit makes them safe.
      PendingWrite pending = new PendingWrite(count, durable || anyOld);
      Slice[] slices = new Slice[laneSizes.length];
      for (int lane = 0; lane < slices.length; lane++) {
        if (laneSizes[lane] > 0) {
          slices[lane] = new Slice(laneSizes[lane], lane >= lanes.length, pending);
        }
      }
      SeriesKey[] keys = batch.keys();
      long[] times = batch.times();
      double[] values = batch.values();
      for (int i = 0; i < laneOf.length; i++) {
        if (laneOf[i] != REFUSED) {
          slices[laneOf[i]].add(keys[i], times[i], values[i]);
        }
      }
      for (int lane = 0; lane < slices.length; lane++) {
        if (slices[lane] != null) {
          lanes[lane % lanes.length].submit(slices[lane]);
        }
      }
      return pending;
    }
  }

  private static String text(long timeMs) {
    try {
      return Instant.ofEpochMilli(timeMs).toString();
    } catch (java.time.DateTimeException e) {
      return timeMs + " ms";
    }
  }
}
