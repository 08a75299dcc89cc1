package io.tidegrid.node;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.Partition;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.GridNames;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.http.RollupStatus;
import io.tidegrid.node.StoreWindowSource.Archives;
import io.tidegrid.node.StoreWindowSource.Shards;
import io.tidegrid.persist.Persistence;
import io.tidegrid.rollup.RollupJob;
import io.tidegrid.rollup.RollupOptions;
import io.tidegrid.rollup.RollupPorts;
import io.tidegrid.rollup.WindowSource;
import io.tidegrid.store.RollupMarks;
import io.tidegrid.store.SeriesStore;
import io.tidegrid.tier.Tier;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;

/**
 * A member's part in keeping rollups: it gives the job what it works with, and sees to it that the
 * job runs. Safe for use by many threads.
 */
final class Rollups {

  private static final System.Logger LOG = System.getLogger(Rollups.class.getName());

  /** How long a job that ended by an error nobody thought of stays away at most. */
  private static final long CHECK_SECONDS = 30;

  /** What is being computed at a stop may take this long; it is computed again otherwise. */
  private static final long END_SECONDS = 3;

  private static final int MOST_WORKERS = 8;

  private final HazelcastInstance hazelcast;
  private final RollupPorts ports;
  private final LiveRollupStatus status;
  private final int workers;
  private final ScheduledExecutorService keeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("rollup-job-keeper").factory());
  private Optional<Job> job = Optional.empty();
  private boolean failing;

  /**
   * Where figures go.
   *
   * @param partitionKey the key whose partition a shard is
   * @param writable whether the database takes writes
   * @param pendingBytes how many bytes of figures of this member's shards wait for it
   * @param maxPendingBytes how many may
   */
  record Outlet(
      IntUnaryOperator partitionKey,
      BooleanSupplier writable,
      LongSupplier pendingBytes,
      long maxPendingBytes) {}

  /**
   * Makes the member ready to take part.
   *
   * @param marksKnown whether all marks of the member's shards are in memory
   */
  Rollups(
      HazelcastInstance hazelcast,
      WindowSource source,
      Outlet outlet,
      RollupOptions options,
      BooleanSupplier marksKnown,
      MeterRegistry meters,
      InstantSource clock) {
    this.hazelcast = hazelcast;
    this.workers = Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, MOST_WORKERS);
    this.status = new LiveRollupStatus(source, marksKnown, clock);
    IMap<RollupKey, RollupBlock> map = hazelcast.getMap(GridNames.ROLLUPS);
    this.ports =
        new RollupPorts(
            source,
            new MapRollupSink(
                map,
                outlet.partitionKey,
                outlet.writable,
                outlet.pendingBytes,
                outlet.maxPendingBytes),
            clock,
            options,
            new RollupMeters(meters, status, outlet.pendingBytes, outlet.maxPendingBytes));
  }

  /** Puts together what the parts of a node have for it, and has the database tell of commits. */
  static Rollups of(
      HazelcastInstance hazelcast,
      SeriesStore store,
      Persistence database,
      NodeConfig config,
      MeterRegistry meters,
      InstantSource clock) {
    RollupMarks marks = store.rollupMarks();
    database.onRollupsCommitted((key, sequence) -> committed(marks, key, sequence));
    StoreWindowSource source =
        new StoreWindowSource(
            new Shards(store.reader(), marks, store.blockReader(), ownership(hazelcast)),
            new Archives(
                database.watermark(),
                database.archive(),
                database.rollupArchive(),
                config.databaseStatementTimeout()));
    return new Rollups(
        hazelcast,
        new DurableRefusals(source, database),
        new Outlet(
            store::partitionKey,
            database::isWritable,
            database::pendingRollupBytes,
            config.rollupMaxPending()),
        config.rollupOptions(),
        store::directoriesWhole,
        meters,
        clock);
  }

  /** Begins. Returns at once; the job starts when the cluster gets to it. */
  void start() {
    ports.install(hazelcast);
    var ignored = keeper.scheduleWithFixedDelay(this::keepJob, 0, CHECK_SECONDS, TimeUnit.SECONDS);
  }

  private void keepJob() {
    try {
      if (job.isEmpty() || hasEnded(job.get())) {
        job = Optional.of(RollupJob.submit(hazelcast, workers));
      }
      failing = false;
    } catch (RuntimeException e) {
      // Members come and go, and jobs with them: the next time it is looked up anew.
      job = Optional.empty();
      if (!failing && hazelcast.getLifecycleService().isRunning()) {
        LOG.log(System.Logger.Level.WARNING, "the job of rollups could not be started yet", e);
      }
      failing = true;
    }
  }

  private static boolean hasEnded(Job known) {
    return known.getStatus().isTerminal();
  }

  /** Returns how far this member's shards are. */
  RollupStatus status() {
    return status;
  }

  /**
   * Takes note that the figures of a span are committed.
   *
   * @param sequence through which they are complete
   */
  static void committed(RollupMarks marks, RollupKey key, long sequence) {
    if (key.tier() == Tier.ONE_DAY) {
      marks.dayRolled(key.shard(), key.startMs(), sequence);
    } else {
      marks.blockRolled(key.shard(), key.startMs(), sequence);
    }
  }

  /** Tells whether a member owns a shard, from its own partition table. */
  static IntPredicate ownership(HazelcastInstance hazelcast) {
    List<Partition> partitions =
        hazelcast.getPartitionService().getPartitions().stream()
            .sorted(Comparator.comparingInt(Partition::getPartitionId))
            .toList();
    return shard ->
        hazelcast.getCluster().getLocalMember().equals(partitions.get(shard).getOwner());
  }

  /**
   * Takes no more part. What is dirty stays so, for other members or the next start.
   *
   * @param last whether the cluster ends with this member; then the job is ended too, as a member
   *     that is stopped with a running job complains of it
   */
  void close(boolean last) {
    ports.remove(hazelcast);
    keeper.shutdown();
    if (last && hazelcast.getLifecycleService().isRunning()) {
      endJob();
    }
  }

  private void endJob() {
    try {
      // A job that is just being started would be missed.
      boolean ignored = keeper.awaitTermination(END_SECONDS, TimeUnit.SECONDS);
      Job running = hazelcast.getJet().getJob(RollupJob.NAME);
      if (running != null && !hasEnded(running)) {
        running.cancel();
        var _ = running.getFuture().get(END_SECONDS, TimeUnit.SECONDS);
      }
    } catch (CancellationException expected) {
      LOG.log(System.Logger.Level.DEBUG, "the job of rollups has ended");
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      LOG.log(System.Logger.Level.DEBUG, "the job of rollups ends with its member", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
