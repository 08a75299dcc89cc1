package io.tidegrid.persist;

import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.MapStoreConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.MigrationListener;
import com.hazelcast.partition.MigrationState;
import com.hazelcast.partition.Partition;
import com.hazelcast.partition.ReplicaMigrationEvent;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.BacklogGate;
import io.tidegrid.store.CommitWatermark;
import io.tidegrid.store.ShardRestorer;
import io.tidegrid.store.WholeBlocks;
import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ObjLongConsumer;

/**
 * The database side of a node. In the order of a start: {@link #start} (returns at once; the
 * database comes up meanwhile), {@link #journalStoreConfig} and its like into the configuration of
 * Hazelcast, then {@link #attach} to the instance. In the order of a stop: {@link #flush}, shut
 * Hazelcast down, {@link #close}. Everything works from the start while the database is down: what
 * needs it waits or says so. Safe for use by many threads.
 */
public final class Persistence implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Persistence.class.getName());

  /**
   * How many entries Hazelcast hands over at a time. It bounds what is deserialized at once when a
   * long backlog is worked off, and is enough for tens of thousands of rows a transaction.
   */
  private static final int WRITE_BATCH = 2_000;

  private static final int ROLLUP_WRITE_BATCH = 8;

  private static final Duration ROLLUP_SWEEP_AGE = Duration.ofSeconds(60);

  private final PersistOptions options;
  private final MeterRegistry meters;
  private final Clock clock;
  private final Database database;
  private final JournalStore store;
  private final MetadataMapStore metadata;
  private final GroupCommitter committer;
  private final Backlog backlog;
  private final CompactedTables compacted;
  private final StoredSamples stored;
  private final SampleArchive archive;
  private final RollupPartitions rollupPartitions = new RollupPartitions();
  private final DroppedDays droppedDays = new DroppedDays();
  private final RollupStore rollups;
  private final PostgresRollupArchive rollupArchive;
  private final AlertPersistence alerts;
  private final EventPersistence events;

  private volatile Optional<LocalRollups> localRollups = Optional.empty();
  private volatile Optional<RollupSweeper> rollupSweeper = Optional.empty();
  private volatile Optional<DroppedDaysWatch> droppedDaysWatch = Optional.empty();
  private volatile ObjLongConsumer<RollupKey> rollupsCommitted = (key, sequence) -> {};
  private volatile Optional<JournalSweeper> sweeper = Optional.empty();
  private volatile Optional<ColdStart> coldStart = Optional.empty();
  private volatile Optional<JournalPump> pump = Optional.empty();
  private volatile Optional<JournalWatermark> watermark = Optional.empty();
  private volatile Optional<Compactor> compactor = Optional.empty();

  private Persistence(PersistOptions options, MeterRegistry meters, Clock clock) {
    this.options = options;
    this.meters = meters;
    this.clock = clock;
    this.database = new Database(options, meters, clock);
    this.store = new JournalStore(database, clock, meters);
    this.metadata = new MetadataMapStore(database);
    this.committer = new GroupCommitter(store, options.commitTimeout());
    this.backlog = new Backlog(options.maxPendingBytes(), options.maxPendingAge(), meters);
    this.compacted = new CompactedTables(() -> database.facts().columnstore());
    this.stored = new StoredSamples(new RecentSamples(store::shards), List.of(compacted));
    this.archive = new PostgresArchive(database, stored);
    this.rollups = new RollupStore(database, rollupPartitions, clock, meters);
    this.rollupArchive = new PostgresRollupArchive(database, droppedDays, clock);
    this.alerts = new AlertPersistence(database, meters, clock);
    this.events = new EventPersistence(database, options, meters, clock);
  }

  /**
   * Begins to start or reach the database, and returns without waiting for it.
   *
   * @throws IllegalArgumentException when the database URL cannot be read
   */
  public static Persistence start(PersistOptions options, MeterRegistry meters, Clock clock) {
    Persistence persistence = new Persistence(options, meters, clock);
    persistence.database.start();
    return persistence;
  }

  /** Returns the store for the map {@code journal}, to be set before the instance starts. */
  public MapStoreConfig journalStoreConfig() {
    return writeBehind(new JournalMapStore(store))
        // Its loads answer at once, so handing them to another thread would only cost.
        .setOffload(false);
  }

  /** Returns the store for the map {@code metadata}, to be set before the instance starts. */
  public MapStoreConfig metadataStoreConfig() {
    return writeBehind(metadata);
  }

  /** Returns the store for the map {@code rollups}, to be set before the instance starts. */
  public MapStoreConfig rollupStoreConfig() {
    return writeBehind(new RollupMapStore(rollups))
        .setOffload(false)
        // An entry may take megabytes, and a batch of them is deserialized at once.
        .setWriteBatchSize(ROLLUP_WRITE_BATCH);
  }

  /** Returns the store for the map {@code events}, to be set before the instance starts. */
  public MapStoreConfig eventStoreConfig() {
    return writeBehind(events.mapStore()).setOffload(false);
  }

  /** Returns what keeps events. */
  public EventPersistence events() {
    return events;
  }

  private MapStoreConfig writeBehind(Object implementation) {
    return new MapStoreConfig()
        .setEnabled(true)
        .setImplementation(implementation)
        .setWriteDelaySeconds((int) options.writeDelay().toSeconds())
        // Without it entries are stored one at a time.
        .setWriteCoalescing(true)
        .setWriteBatchSize(WRITE_BATCH)
        .setInitialLoadMode(MapStoreConfig.InitialLoadMode.LAZY);
  }

  /** Begins to evict what is committed, to sweep, and to restore shards, on a running instance. */
  public void attach(HazelcastInstance instance, ShardRestorer restorer) {
    store.shards(instance.getPartitionService().getPartitions().size());
    LocalJournal journal = new LocalJournal(instance);
    watermark = Optional.of(new JournalWatermark(journal));
    store.onCommitted(journal::evict);
    JournalSweeper sweep =
        new JournalSweeper(journal, store, database, backlog, options.sweepAge());
    ColdStart cold =
        new ColdStart(
            database,
            new RecentSamples(store::shards),
            stored,
            restorer,
            store::shards,
            clock,
            options.memoryRetention(),
            meters);
    attachRollups(instance, journal);
    sweeper = Optional.of(sweep);
    coldStart = Optional.of(cold);
    pump = Optional.of(new JournalPump(journal, store, database));
    instance
        .getCluster()
        .addMembershipListener(
            new MembershipAdapter() {
              @Override
              public void memberRemoved(MembershipEvent event) {
                sweep.membershipLost();
              }
            });
    instance.getPartitionService().addPartitionLostListener(event -> cold.wake());
    instance.getPartitionService().addMigrationListener(new WakeAfterMigration(cold));
  }

  private void attachRollups(HazelcastInstance instance, LocalJournal journal) {
    rollups.shards(store.shards());
    JournalWatermark commits = new JournalWatermark(journal);
    rollups.lowestPending(commits::lowestPending);
    LocalRollups local = new LocalRollups(instance);
    rollups.onDone((entries, committed) -> {
      if (committed) {
        entries.forEach(this::tellCommitted);
      }
      local.evict(entries);
    });
    localRollups = Optional.of(local);
    rollupSweeper = Optional.of(new RollupSweeper(local, rollups, ROLLUP_SWEEP_AGE));
    droppedDaysWatch = Optional.of(new DroppedDaysWatch(database, droppedDays));
  }

  private void tellCommitted(RollupKey key, RollupBlock block) {
    try {
      rollupsCommitted.accept(key, block.sequence());
    } catch (RuntimeException e) {
      // The span stays dirty, and is computed once more.
      LOG.log(System.Logger.Level.DEBUG, "rollups " + key + " are stored, but not known to be", e);
    }
  }

  /**
   * The same, and begins to compact what is committed and to drop what is older than is kept, with
   * {@link CompactionOptions#rawRetention} for samples and the defaults for rollups.
   *
   * @param memory the blocks of this member's shards that memory holds whole
   */
  public void attach(
      HazelcastInstance instance,
      ShardRestorer restorer,
      WholeBlocks memory,
      CompactionOptions compaction) {
    attach(
        instance, restorer, memory, compaction, RetentionOptions.ofRaw(compaction.rawRetention()));
  }

  /**
   * The same, with all that can be said of retention.
   *
   * @param retention takes the place of {@link CompactionOptions#rawRetention}
   */
  public void attach(
      HazelcastInstance instance,
      ShardRestorer restorer,
      WholeBlocks memory,
      CompactionOptions compaction,
      RetentionOptions retention) {
    rollupArchive.retention(retention);
    attach(instance, restorer);
    LocalJournal journal = new LocalJournal(instance);
    JournalWatermark commits = new JournalWatermark(journal);
    compactor =
        Optional.of(
            new Compactor(
                database,
                compacted,
                new Compactor.Grid(
                    journal.partitions(), journal::isOwned, commits::lowestPending, memory),
                compaction,
                retention,
                rollupPartitions,
                backlog::paceMs,
                clock,
                meters,
                CompactionSteps.SILENT));
  }

  /**
   * Begins to hand over what is inserted with SQL, while this member owns shard 0. To be closed
   * before what the consumer needs.
   *
   * @param limits what a row may hold
   */
  public Inbox openInbox(HazelcastInstance instance, InboxLimits limits, InboxConsumer consumer) {
    Partition first =
        instance.getPartitionService().getPartitions().stream()
            .filter(partition -> partition.getPartitionId() == 0)
            .findFirst()
            .orElseThrow();
    // Asking in this way assigns partitions where nothing was written so far.
    return new Inbox(
        database,
        () -> instance.getCluster().getLocalMember().equals(first.getOwner()),
        limits,
        consumer,
        meters);
  }

  /** Returns what this member's compaction does; empty before it was attached. Never blocks. */
  public Optional<CompactionStatus> compaction() {
    return compactor.map(Compactor::status);
  }

  /**
   * Returns what retention would drop now; empty before compaction was attached.
   *
   * @throws TidegridException {@code STORAGE_AWAY} when the database does not answer
   */
  public Optional<RetentionPlan> retention() {
    if (compactor.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(compactor.get().retention());
    } catch (SQLException e) {
      throw new TidegridException(
          ErrorCode.STORAGE_AWAY,
          "the database cannot be asked now what retention would drop",
          List.of(),
          Duration.ofSeconds(5),
          e);
    }
  }

  private record WakeAfterMigration(ColdStart coldStart) implements MigrationListener {
    @Override
    public void migrationStarted(MigrationState state) {}

    @Override
    public void migrationFinished(MigrationState state) {
      coldStart.wake();
    }

    @Override
    public void replicaMigrationCompleted(ReplicaMigrationEvent event) {}

    @Override
    public void replicaMigrationFailed(ReplicaMigrationEvent event) {}
  }

  /** Returns what reads samples from the database. */
  public SampleArchive archive() {
    return archive;
  }

  /** Returns alerts in the database. Closed with this. */
  public AlertPersistence alerts() {
    return alerts;
  }

  /** Returns what reads rollups from the database. */
  public RollupArchive rollupArchive() {
    return rollupArchive;
  }

  /**
   * Takes away the stored mark of a span that will not be computed, because its samples are gone. A
   * mark that cannot be taken away now is met again after the next cold start.
   *
   * @param startMs the start of the block or day
   * @param sequence a mark of a later write stays
   */
  public void forgetRollupMark(Tier tier, int shard, long startMs, long sequence) {
    try (Connection connection = database.connection()) {
      SortedMap<RollupMarksTable.Place, Long> mark = new TreeMap<>();
      mark.put(new RollupMarksTable.Place(shard, startMs), sequence);
      RollupMarksTable.clear(connection, tier, store.shards(), mark);
      if (!connection.getAutoCommit()) {
        connection.commit();
      }
    } catch (SQLException e) {
      LOG.log(System.Logger.Level.DEBUG, "the mark of a span whose samples are gone stays", e);
    }
  }

  /**
   * Sets what is told of each span whose rollups, or newer ones, are committed, with the sequence
   * up to which they have everything. Called on a thread that may wait; what it throws is logged.
   */
  public void onRollupsCommitted(ObjLongConsumer<RollupKey> listener) {
    rollupsCommitted = listener;
  }

  /**
   * Returns how many bytes of rollups of this member's shards are on their way to the database. One
   * volatile read a partition; 0 before {@link #attach}.
   */
  public long pendingRollupBytes() {
    return localRollups.map(LocalMap::ownedBytes).orElse(0L);
  }

  /** Tells whether the database takes what is written, as far as is known without asking it. */
  public boolean isWritable() {
    return database.isConnected() && database.health().isWritable();
  }

  /** Returns what tells whether too much waits to be persisted. Open until {@link #attach}. */
  public BacklogGate gate() {
    return backlog;
  }

  /**
   * Returns what tells which writes are committed. Says of none that it is, until {@link #attach}.
   */
  public CommitWatermark watermark() {
    return (shard, sequence) ->
        watermark.map(journal -> journal.isCommitted(shard, sequence)).orElse(false);
  }

  /**
   * Returns by how many milliseconds this member should delay each write, so that the database
   * keeps up and little is lost should the node die. 0 most of the time, and while the database is
   * away.
   */
  public long paceMs() {
    return backlog.paceMs();
  }

  /**
   * Commits batches and returns when that is done; batches of callers at the same time share a
   * transaction. They are evicted from the journal afterwards.
   *
   * @throws TidegridException {@code STORAGE_AWAY}, worth a retry, when the database does not
   *     commit within {@link PersistOptions#commitTimeout}; the batches stay in the journal and
   *     will be stored
   */
  public void commit(Map<JournalKey, JournalBatch> batches) {
    committer.commit(batches);
  }

  /**
   * Waits until the database can be used; tells whether it can.
   *
   * @throws DataDirectoryInUseException when another node keeps its database in the directory
   */
  public boolean awaitConnected(Duration within) throws InterruptedException {
    return database.awaitConnected(within);
  }

  /**
   * Waits until the database can be used, or until it is known that the one named by a URL cannot
   * be used now; tells whether it can.
   *
   * @throws DataDirectoryInUseException when another node keeps its database in the directory
   * @throws SchemaException when the database holds a schema that this node must not touch
   */
  public boolean awaitFirstTry(Duration within) throws InterruptedException {
    return database.awaitFirstTry(within);
  }

  /** Returns what is known of the database, without asking it. */
  public DatabaseStatus status() {
    Optional<HikariPoolMXBean> pool = database.poolFigures();
    return new DatabaseStatus(
        database.isConnected(),
        database.facts().product(),
        database.facts().timescaledb(),
        database.facts().timescaledbState(),
        options.databaseUrl().isEmpty(),
        pool.map(HikariPoolMXBean::getActiveConnections).orElse(0),
        pool.map(HikariPoolMXBean::getIdleConnections).orElse(0),
        pool.map(HikariPoolMXBean::getTotalConnections).orElse(0),
        pool.map(HikariPoolMXBean::getThreadsAwaitingConnection).orElse(0),
        backlog.pendingSamples(),
        backlog.pendingBytes(),
        backlog.oldestMs(),
        store.deadLetters(),
        store.persistedSamples(),
        database.schemaVersion(),
        database.problem(),
        database.health().isWritable(),
        database.health().fault().map(fault -> fault.cause().id()),
        database.health().fault().map(StorageHealth.Fault::since),
        backlog.maxBytes(),
        backlog.refuses());
  }

  /**
   * Commits all journal entries that this member owns. Rollups are not waited for, and from then on
   * not stored: they are computed again from what is marked in the database.
   *
   * @return whether none was left before the time was over
   */
  public boolean flush(Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    boolean empty = sweeper.map(sweep -> sweep.drain(within)).orElse(true);
    empty &= events.flush(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
    rollups.close();
    if (!empty) {
      LOG.log(
          System.Logger.Level.WARNING,
          "not everything could be persisted in {0} s: {1} samples ({2} bytes), the oldest {3} s"
              + " old, are not in the database{4}",
          within.toSeconds(),
          Long.toString(backlog.pendingSamples()),
          Long.toString(backlog.pendingBytes()),
          Long.toString(backlog.oldestMs() / 1_000),
          database.problem().isEmpty() ? "" : "; " + database.problem());
    }
    return empty;
  }

  /**
   * Stops all of it, the embedded PostgreSQL too. Stores nothing more: call {@link #flush} first.
   */
  @Override
  public void close() {
    alerts.close();
    rollups.close();
    events.close();
    rollupSweeper.ifPresent(RollupSweeper::close);
    droppedDaysWatch.ifPresent(DroppedDaysWatch::close);
    compactor.ifPresent(Compactor::close);
    coldStart.ifPresent(ColdStart::close);
    pump.ifPresent(JournalPump::close);
    sweeper.ifPresent(JournalSweeper::close);
    committer.close();
    metadata.close();
    store.close();
    database.close();
  }
}
