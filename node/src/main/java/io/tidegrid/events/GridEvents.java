package io.tidegrid.events;

import com.hazelcast.config.Config;
import com.hazelcast.config.ExecutorConfig;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MapStoreConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.GridNames;
import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.DecodedEvent;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.TidegridException;
import io.tidegrid.persist.LocalEvents;
import io.tidegrid.store.ShardKeys;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/** Events in the grid: their ids and what is not persisted yet in the shards of their devices. */
public final class GridEvents implements Events, AutoCloseable {

  private static final int SEARCH_THREADS = 4;

  /** More than clocks of members differ by. */
  private static final long CLOCK_MARGIN_MS = 60_000;

  private final EventCalls calls;
  private final EventSearch search;
  private final Ingest ingest;
  private final EventOptions options;
  private final Optional<EventCommits> database;
  private final InstantSource clock;
  private final EventMeters meters;
  private final UUID member;
  private final Optional<EventKeeper> keeper;
  private final Optional<EarlyOrigins> origins;

  /** With which seed each shard hashes ids, as far as it is known here. */
  private final AtomicLongArray seeds;

  /**
   * @param hazelcast this member, set up by {@link #configure}
   * @param ingest where metrics of events go
   * @param database empty when memory is all there is
   */
  public GridEvents(
      HazelcastInstance hazelcast,
      Ingest ingest,
      EventOptions options,
      Optional<EventCommits> database,
      InstantSource clock,
      MeterRegistry meters) {
    LocalEvents events = new LocalEvents(hazelcast);
    int[] partitionKeys = ShardKeys.of(hazelcast);
    this.calls = new EventCalls(hazelcast, partitionKeys);
    this.ingest = ingest;
    this.options = options;
    this.database = database;
    this.clock = clock;
    this.member = hazelcast.getCluster().getLocalMember().getUuid();
    this.seeds = new AtomicLongArray(partitionKeys.length);
    this.search = new EventSearch(hazelcast, events, partitionKeys);
    LocalEventIds local =
        LocalEventIds.install(
            hazelcast,
            calls,
            events,
            options,
            clock,
            database.isPresent(),
            () -> database.map(EventCommits::isFull).orElse(false));
    this.meters = new EventMeters(meters, local, events, options);
    this.keeper =
        database.isPresent()
            ? Optional.empty()
            : Optional.of(new EventKeeper(events, options, clock));
    this.origins = database.isPresent() ? Optional.of(new EarlyOrigins(this)) : Optional.empty();
  }

  /**
   * Adds to a member's configuration what events need. To be called before it starts.
   *
   * @param store of the map of events; empty without a database
   */
  public static void configure(Config config, int backupCount, Optional<MapStoreConfig> store) {
    config
        .getSerializationConfig()
        .addDataSerializableFactory(EventSerializers.FACTORY_ID, new EventSerializers());
    config.addExecutorConfig(new ExecutorConfig(GridNames.EVENT_EXECUTOR, SEARCH_THREADS));
    // Nothing may be attached to it: a loader or a listener would copy whole tables of ids.
    config.addMapConfig(
        new MapConfig(GridNames.EVENT_IDS)
            .setInMemoryFormat(InMemoryFormat.OBJECT)
            .setBackupCount(backupCount)
            .setMergePolicyConfig(
                new MergePolicyConfig().setPolicy(ForgetAfterSplit.class.getName()))
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false));
    MapConfig events =
        new MapConfig(GridNames.EVENTS)
            .setInMemoryFormat(InMemoryFormat.BINARY)
            .setBackupCount(backupCount)
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false);
    store.ifPresent(events::setMapStoreConfig);
    config.addMapConfig(events);
  }

  @Override
  public List<EventVerdict> store(String tenant, List<DecodedEvent> events, Ack ack) {
    if (ack == Ack.DURABLE && database.isEmpty()) {
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "a durable acknowledgement needs a database; this node runs with storage: memory");
    }
    if (events.isEmpty()) {
      return List.of();
    }
    keepPace();
    return new EventSend(this, tenant, events, ack).run();
  }

  private void keepPace() {
    long delay = database.map(EventCommits::paceMs).orElse(0L);
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
  public List<Event> ofDevice(
      String tenant, String deviceId, long fromMs, long toMs, int limit, Duration timeout) {
    // Memory first: what leaves it meanwhile is in the database by then.
    SearchTask task = SearchTask.ofDevice(tenant, deviceId, fromMs, toMs, limit);
    int shard = IdHash.shardOf(IdHash.tenant(tenant), deviceId, seeds.length());
    List<Event> inMemory = search.find(task, new int[] {shard}, timeout);
    List<Event> stored =
        database
            .map(any -> any.archive().ofDevice(tenant, deviceId, fromMs, toMs, limit, timeout))
            .orElse(List.of());
    return NewestEvents.merge(inMemory, stored, limit);
  }

  @Override
  public List<Event> tagged(
      String tenant, String tag, long fromMs, long toMs, int limit, Duration timeout) {
    SearchTask task = SearchTask.tagged(tenant, tag, fromMs, toMs, limit);
    int[] all = new int[seeds.length()];
    java.util.Arrays.setAll(all, shard -> shard);
    List<Event> inMemory = search.find(task, all, timeout);
    List<Event> stored =
        database
            .map(any -> any.archive().tagged(tenant, tag, fromMs, toMs, limit, timeout))
            .orElse(List.of());
    return NewestEvents.merge(inMemory, stored, limit);
  }

  EventCalls calls() {
    return calls;
  }

  Ingest ingest() {
    return ingest;
  }

  EventOptions options() {
    return options;
  }

  Optional<EventCommits> database() {
    return database;
  }

  long nowMs() {
    return clock.millis();
  }

  EventMeters meters() {
    return meters;
  }

  /**
   * Returns the latest time of an event that the database took at about the time when shards began
   * or later; {@link Long#MIN_VALUE} when it took none.
   *
   * @param begun of a grid with a database; at least one
   */
  long latestTime(Collection<Origin> begun) {
    long first = begun.stream().mapToLong(Origin::createdMs).min().orElseThrow();
    long since = first - options.maxFuture().toMillis() - CLOCK_MARGIN_MS;
    return database
        .orElseThrow()
        .archive()
        .latestTime(since, EventSend.LOOKUP_TIMEOUT)
        .orElse(Long.MIN_VALUE);
  }

  UUID member() {
    return member;
  }

  AtomicLongArray seeds() {
    return seeds;
  }

  @Override
  public void close() {
    keeper.ifPresent(EventKeeper::close);
    origins.ifPresent(EarlyOrigins::close);
  }
}
