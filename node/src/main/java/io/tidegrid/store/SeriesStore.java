package io.tidegrid.store;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.map.IMap;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.Birth;
import io.tidegrid.grid.GridNames;
import io.tidegrid.live.SampleTap;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLongArray;

/** This member's part of the shard store, and its doors. Safe for use by many threads. */
public final class SeriesStore implements ShardAppender, ShardRestorer {

  private final HazelcastInstance hazelcast;
  private final LocalShards local;
  private final IMap<Integer, Shard> map;

  private final ShardWrites writes;

  private final RollupMarks marks;
  private final BlockReader blocks;
  private final BlockEvictor evictor;
  private final MemoryKeeper keeper;
  private final MeterRegistry meters;

  /** For each shard that {@link #shardsToRestore} named its incarnation of then; else 0. */
  private final AtomicLongArray restoring;

  private SeriesStore(HazelcastInstance hazelcast, LocalShards local, MeterRegistry meters) {
    this.hazelcast = hazelcast;
    this.local = local;
    this.map = local.map();
    this.meters = meters;
    this.restoring = new AtomicLongArray(local.shards());
    this.marks = new LocalRollupMarks(local);
    this.blocks = new LocalBlockReader(local);
    this.writes = ShardWrites.install(hazelcast, local);
    this.evictor = new BlockEvictor(local, local.options().maxMemoryBytes(), meters);
    // It stops with the instance.
    this.keeper = new MemoryKeeper(hazelcast, local, evictor, meters);
    closeAtShutdown(keeper::close);
  }

  /** Adds to a member's configuration what the store needs. To be called before it starts. */
  public static void configure(Config config, StoreOptions options) {
    config.setProperty("hazelcast.partition.count", Integer.toString(options.shards()));
    config
        .getSerializationConfig()
        .addDataSerializableFactory(StoreSerializers.FACTORY_ID, new StoreSerializers());
    // Nothing may be attached to this map: a loader would be asked on partition threads, an index
    // or a listener would copy whole shards.
    config.addMapConfig(
        new MapConfig(GridNames.SHARDS)
            .setInMemoryFormat(InMemoryFormat.OBJECT)
            .setBackupCount(options.backupCount())
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false));
  }

  /**
   * Opens the store of a member that runs with such a configuration. Until then the member's shards
   * do not answer; callers elsewhere wait.
   *
   * @param gate asked before each append to a shard of this member
   */
  public static SeriesStore open(
      HazelcastInstance hazelcast, StoreOptions options, InstantSource clock, BacklogGate gate) {
    return open(hazelcast, options, clock, gate, new SimpleMeterRegistry());
  }

  /**
   * The same, with meters for what memory holds.
   *
   * @param meters where the figures of memory and blocks are registered
   */
  public static SeriesStore open(
      HazelcastInstance hazelcast,
      StoreOptions options,
      InstantSource clock,
      BacklogGate gate,
      MeterRegistry meters) {
    return open(hazelcast, options, clock, gate, meters, SampleTap.CLOSED);
  }

  /**
   * The same, showing what this member's shards take.
   *
   * @param tap is shown each batch when the owner and its backups have it, or when it is not known
   *     whether the backups do; also of batches that are older than what memory keeps
   */
  public static SeriesStore open(
      HazelcastInstance hazelcast,
      StoreOptions options,
      InstantSource clock,
      BacklogGate gate,
      MeterRegistry meters,
      SampleTap tap) {
    return new SeriesStore(
        hazelcast, LocalShards.install(hazelcast, options, clock, gate, tap), meters);
  }

  /**
   * Lets blocks leave memory when this says that they are committed. Until it is called, no block
   * leaves the memory of a member with a database.
   */
  public void evictCommittedBy(CommitWatermark watermark) {
    evictor.commitsToldBy(watermark);
  }

  /**
   * Begins to take blocks that memory gave up, and that are asked for often, back from the
   * database. To be called once, on every member with a database.
   *
   * @param source reads the database
   * @return is to be told what is asked for
   */
  public BlockDemand reloadFrom(BlockSource source, ReloadOptions options) {
    BlockReloader reloader =
        new BlockReloader(hazelcast, local, evictor, keeper, source, options, meters);
    closeAtShutdown(reloader::close);
    return reloader.demand();
  }

  private void closeAtShutdown(Runnable close) {
    var ignored =
        hazelcast
            .getLifecycleService()
            .addLifecycleListener(event -> {
              if (event.getState() == LifecycleState.SHUTTING_DOWN) {
                close.run();
              }
            });
  }

  /** Returns the closed blocks that memory holds whole, of the shards owned by this member. */
  public WholeBlocks wholeBlocks() {
    return local;
  }

  /**
   * Returns the doors by which rollups see and clear what is dirty. In a store without a database
   * nothing is ever dirty, as nothing is stored.
   */
  public RollupMarks rollupMarks() {
    return marks;
  }

  /** Returns the reader of all blocks, open and closed, of the shards owned by this member. */
  public BlockReader blockReader() {
    return blocks;
  }

  /** Returns the reader of this member's shards. */
  public ShardReader reader() {
    return local;
  }

  /** Returns the reader of this member's shards by the numbers that taps are shown. */
  public NumberedReader numberedReader() {
    return new LocalNumberedReader(local);
  }

  /** Tells whether all shards owned by this member know all their series, so that queries go. */
  public boolean directoriesWhole() {
    return local.owned().stream().allMatch(this::hasWholeDirectory);
  }

  private boolean hasWholeDirectory(int shard) {
    try {
      return local.read(shard, ShardView::directoryWhole);
    } catch (ShardMovedException e) {
      return true;
    }
  }

  /** Returns how many series the shards owned by this member have. */
  public long series() {
    return local.size().series;
  }

  /** Returns how many samples memory holds in the shards owned by this member. */
  public long samples() {
    return local.size().samples;
  }

  /** Returns roughly how many bytes of heap the shards owned by this member take. */
  public long heapBytes() {
    return local.size().bytes;
  }

  @Override
  public int shards() {
    return local.shards();
  }

  @Override
  public int partitionKey(int shard) {
    return local.key(shard);
  }

  @Override
  public CompletionStage<AppendOutcome> append(int shard, ShardBatch batch) {
    return writes.append(shard, batch);
  }

  @Override
  public CompletionStage<AppendOutcome> write(int shard, ShardBatch batch) {
    return writes.write(shard, batch);
  }

  @Override
  public List<Integer> shardsToRestore() {
    List<Integer> incomplete = new ArrayList<>();
    for (int shard : local.owned()) {
      long incarnation = incarnationToRestore(shard);
      if (incarnation != 0) {
        restoring.set(shard, incarnation);
        incomplete.add(shard);
      }
    }
    return incomplete;
  }

  private long incarnationToRestore(int shard) {
    try {
      return local.incarnationToRestore(shard);
    } catch (ShardMovedException e) {
      // Its new owner sees to it.
      return 0;
    }
  }

  private void restore(int shard, RestoreProcessor processor) {
    long incarnation = restoring.get(shard);
    boolean done = map.executeOnKey(local.key(shard), processor.of(incarnation));
    if (!done && incarnation != 0) {
      throw new ShardMovedException(shard);
    }
  }

  @Override
  public boolean isMemoryScarce() {
    return keeper.isScarce();
  }

  @Override
  public int shardOf(String tenant, Labels labels) {
    return SeriesKey.of(tenant, labels).shard(local.shards());
  }

  @Override
  public void restoreSeries(int shard, List<Birth> series) {
    restore(
        shard,
        RestoreProcessor.content(
            new ShardBatch(
                0, false, 0, new long[0], new long[0], new double[0], new int[0], series)));
  }

  @Override
  public void directoryRestored(int shard) {
    restore(shard, RestoreProcessor.wholeDirectory());
  }

  @Override
  public void restoreDirt(int shard, RollupDirt dirt) {
    // More marks than are needed do no harm, whichever incarnation gets them; that those it needs
    // are there is said by directoryRestored.
    marks.restoreDirt(shard, dirt);
  }

  @Override
  public void restoreSamples(int shard, long[] ids, long[] times, double[] values, int size) {
    restore(
        shard,
        RestoreProcessor.content(
            new ShardBatch(0, false, size, ids, times, values, new int[0], List.of())));
  }

  @Override
  public void restoredFrom(int shard, long fromMs) {
    restore(shard, RestoreProcessor.wholeFrom(fromMs));
  }
}
