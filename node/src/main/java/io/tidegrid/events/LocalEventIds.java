package io.tidegrid.events;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.impl.util.Util;
import com.hazelcast.map.impl.MapService;
import com.hazelcast.map.impl.MapServiceContext;
import com.hazelcast.map.impl.record.Record;
import com.hazelcast.map.impl.recordstore.RecordStore;
import com.hazelcast.spi.exception.RetryableHazelcastException;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.GridNames;
import io.tidegrid.model.Event;
import io.tidegrid.persist.LocalEvents;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** What this member needs beside the grid to keep ids of events. Safe for use by many threads. */
final class LocalEventIds {

  private static final String CONTEXT_KEY = LocalEventIds.class.getName();
  private static final long FEWEST_IDS = 4_096;

  /** The most that an id takes in an {@link IdTable}. */
  static final long BYTES_PER_ID = 16;

  private final MapServiceContext maps;
  private final EventCalls calls;
  private final LocalEvents events;
  private final EventOptions options;
  private final InstantSource clock;
  private final boolean database;
  private final BooleanSupplier full;
  private final int shards;
  private final SecureRandom random = new SecureRandom();

  /**
   * Events that are in a shard's memory.
   *
   * @param ids their hashes
   * @param latestMs the latest of their times
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
  record Present(long[] ids, long latestMs) {}

  private LocalEventIds(
      HazelcastInstance hazelcast,
      EventCalls calls,
      LocalEvents events,
      EventOptions options,
      InstantSource clock,
      boolean database,
      BooleanSupplier full) {
    MapService service = Util.getNodeEngine(hazelcast).getService(MapService.SERVICE_NAME);
    this.maps = service.getMapServiceContext();
    this.calls = calls;
    this.events = events;
    this.options = options;
    this.clock = clock;
    this.database = database;
    this.full = full;
    this.shards = events.shards();
  }

  /**
   * Makes a member able to hold ids.
   *
   * @param database whether there is one beside memory
   * @param full whether too much waits for it
   */
  static LocalEventIds install(
      HazelcastInstance hazelcast,
      EventCalls calls,
      LocalEvents events,
      EventOptions options,
      InstantSource clock,
      boolean database,
      BooleanSupplier full) {
    LocalEventIds local =
        new LocalEventIds(hazelcast, calls, events, options, clock, database, full);
    hazelcast.getUserContext().put(CONTEXT_KEY, local);
    return local;
  }

  static LocalEventIds of(HazelcastInstance hazelcast) {
    if (hazelcast.getUserContext().get(CONTEXT_KEY) instanceof LocalEventIds local) {
      return local;
    }
    throw new RetryableHazelcastException("this member does not hold events yet");
  }

  EventCalls calls() {
    return calls;
  }

  long nowMs() {
    return clock.millis();
  }

  boolean full() {
    return full.getAsBoolean();
  }

  /** Returns this member's copy of a shard's ids, if it has one. */
  Optional<EventIds> find(int shard) {
    RecordStore<?> store = maps.getExistingRecordStore(shard, GridNames.EVENT_IDS);
    Record<?> found = store == null ? null : store.getRecord(calls.key(shard));
    return found != null && found.getValue() instanceof EventIds ids
        ? Optional.of(ids)
        : Optional.empty();
  }

  /**
   * Begins a state. Of what came before it knows nothing: with a database, events that could have
   * come before are looked up there.
   */
  Origin newOrigin() {
    long now = clock.millis();
    long seed = random.nextLong();
    return new Origin(
        seed == 0 ? 1 : seed,
        random.nextInt(),
        now,
        database ? now + options.maxFuture().toMillis() : Long.MIN_VALUE,
        database);
  }

  /** Returns the events in the memory of a shard, on whose thread it is called. */
  Present present(int shard, long seed) {
    List<EventBatch> batches = events.readHere(shard);
    List<Long> ids = new ArrayList<>();
    long latest = Long.MIN_VALUE;
    for (EventBatch batch : batches) {
      long tenant = IdHash.tenant(batch.tenant());
      for (Event event : batch.events()) {
        ids.add(new IdHash(tenant, event.deviceId(), event.id()).hash(seed));
        latest = Math.max(latest, event.timeMs());
      }
    }
    return new Present(ids.stream().mapToLong(Long::longValue).toArray(), latest);
  }

  /** Says what to do with generations of a shard's ids, on whose thread it is called. */
  EventIds.Turn turn(int shard, EventIds state) {
    long most = Math.max(options.dedupBytes() / BYTES_PER_ID / shards, FEWEST_IDS);
    return state.turn(
        clock.millis(),
        options.dedupWindow().toMillis(),
        most,
        () -> database ? events.lowestHere(shard, state.origin().epoch()) : Integer.MAX_VALUE);
  }

  /** Returns how many ids the shards remember that this member owns. */
  long ids() {
    long sum = 0;
    for (int shard = 0; shard < shards; shard++) {
      if (events.owns(shard)) {
        sum += find(shard).map(EventIds::size).orElse(0L);
      }
    }
    return sum;
  }

  /** Returns the heap that ids take on this member, copies of other members' included. */
  long bytes() {
    long sum = 0;
    for (int shard = 0; shard < shards; shard++) {
      sum += find(shard).map(EventIds::bytes).orElse(0L);
    }
    return sum;
  }
}
