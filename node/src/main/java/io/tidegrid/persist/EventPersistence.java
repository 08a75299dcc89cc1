package io.tidegrid.persist;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.Partition;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/** The database side of events; a part of {@link Persistence}. Safe for use by many threads. */
public final class EventPersistence implements AutoCloseable {

  private final Database database;
  private final PersistOptions options;
  private final MeterRegistry meters;
  private final InstantSource clock;
  private final EventStore store;
  private final PostgresEventArchive archive;

  private volatile Optional<EventBacklog> backlog = Optional.empty();
  private volatile Optional<EventSweeper> sweeper = Optional.empty();
  private volatile Optional<EventRetention> retention = Optional.empty();

  EventPersistence(
      Database database, PersistOptions options, MeterRegistry meters, InstantSource clock) {
    this.database = database;
    this.options = options;
    this.meters = meters;
    this.clock = clock;
    this.store = new EventStore(database, meters);
    this.archive = new PostgresEventArchive(database);
  }

  EventMapStore mapStore() {
    return new EventMapStore(store);
  }

  /**
   * Begins to evict what is committed, to sweep, and to delete what is too old.
   *
   * @param maxPendingBytes from how many bytes on {@link #isFull}
   * @param keep how long the database keeps events; zero for ever
   */
  public void attach(HazelcastInstance instance, long maxPendingBytes, Duration keep) {
    LocalEvents events = new LocalEvents(instance);
    EventBacklog measured = new EventBacklog(maxPendingBytes, meters);
    backlog = Optional.of(measured);
    store.onCommitted(events::evict);
    sweeper =
        Optional.of(new EventSweeper(events, store, database, measured, options.sweepAge(), clock));
    Partition first =
        instance.getPartitionService().getPartitions().stream()
            .filter(partition -> partition.getPartitionId() == 0)
            .findFirst()
            .orElseThrow();
    retention =
        Optional.of(
            new EventRetention(
                database,
                keep,
                () -> instance.getCluster().getLocalMember().equals(first.getOwner()),
                clock,
                meters));
  }

  /** Returns what reads events from the database. */
  public EventArchive archive() {
    return archive;
  }

  /** Tells whether too much waits for the database. Not before {@link #attach}. */
  public boolean isFull() {
    return backlog.map(EventBacklog::isFull).orElse(false);
  }

  /** Returns by how many milliseconds to delay each write, so that the database keeps up. */
  public long paceMs() {
    return backlog.map(EventBacklog::paceMs).orElse(0L);
  }

  /**
   * Commits batches and returns when that is done.
   *
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY} when the database does not
   *     commit within {@link PersistOptions#commitTimeout}; they stay in memory and will be stored
   */
  public void commit(Map<JournalKey, EventBatch> batches) {
    store.storeAll(batches, options.commitTimeout());
  }

  /** Returns how long a commit is waited for. */
  public Duration commitTimeout() {
    return options.commitTimeout();
  }

  boolean flush(Duration within) {
    return sweeper.map(sweep -> sweep.drain(within)).orElse(true);
  }

  @Override
  public void close() {
    retention.ifPresent(EventRetention::close);
    sweeper.ifPresent(EventSweeper::close);
    store.close();
  }
}
