package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Commits batches of events: the one function behind write-behind, the sweep and durable
 * acknowledgements. Waits while the database is away. Committing a batch again changes nothing. An
 * event that the database refuses for itself is logged and given up, and never holds up others.
 * Safe for use by many threads.
 */
final class EventStore {

  private static final System.Logger LOG = System.getLogger(EventStore.class.getName());

  private static final int MAX_EVENTS = 50_000;
  private static final int MIN_MEASURED = 500;

  private final EventTable table = new EventTable();
  private final StorageRetry retry;
  private final Set<JournalKey> inFlight = ConcurrentHashMap.newKeySet();
  private final Counter storedCounter;
  private final Counter refusedCounter;
  private final Timer transactions;

  /** A guess to begin with. A race loses a figure. */
  private volatile double eventsPerSecond = 50_000;

  private volatile Consumer<Collection<JournalKey>> committed = keys -> {};

  EventStore(Database database, MeterRegistry meters) {
    this.retry = new StorageRetry(database, () -> {}, meters);
    this.storedCounter =
        Counter.builder("tidegrid.events.persisted")
            .description("Events committed to the database")
            .register(meters);
    this.refusedCounter =
        Counter.builder("tidegrid.events.refused")
            .description("Events given up because the database refuses their content")
            .register(meters);
    this.transactions = meters.timer("tidegrid.events.transactions");
  }

  /** Sets what is told the keys of each committed transaction. */
  void onCommitted(Consumer<Collection<JournalKey>> listener) {
    committed = listener;
  }

  /** Makes all that wait, and all that come, return or throw without storing. */
  void close() {
    retry.close();
  }

  boolean isClosing() {
    return retry.isClosing();
  }

  boolean isInFlight(JournalKey key) {
    return inFlight.contains(key);
  }

  /** Returns how many events a second it stored lately while it was storing. */
  double eventsPerSecond() {
    return eventsPerSecond;
  }

  void storeAll(Map<JournalKey, EventBatch> batches) {
    storeAll(batches, Long.MAX_VALUE);
  }

  /**
   * Commits the batches.
   *
   * @param within how long to go on trying
   * @throws TidegridException {@code STORAGE_AWAY} when that did not suffice
   */
  void storeAll(Map<JournalKey, EventBatch> batches, Duration within) {
    storeAll(batches, System.nanoTime() + within.toNanos());
  }

  private void storeAll(Map<JournalKey, EventBatch> batches, long deadline) {
    inFlight.addAll(batches.keySet());
    try {
      TreeMap<JournalKey, EventBatch> group = new TreeMap<>();
      int events = 0;
      for (Map.Entry<JournalKey, EventBatch> entry : batches.entrySet()) {
        int size = entry.getValue().events().size();
        if (!group.isEmpty() && events + size > MAX_EVENTS) {
          storeGroup(group, deadline);
          group = new TreeMap<>();
          events = 0;
        }
        group.put(entry.getKey(), entry.getValue());
        events += size;
      }
      if (!group.isEmpty()) {
        storeGroup(group, deadline);
      }
    } finally {
      inFlight.removeAll(List.copyOf(batches.keySet()));
    }
  }

  private void storeGroup(Map<JournalKey, EventBatch> group, long deadline) {
    storeBatches(List.copyOf(group.values()), deadline);
    committed.accept(group.keySet());
  }

  /** Stores batches in one transaction; what the database refuses is halved. */
  private void storeBatches(List<EventBatch> batches, long deadline) {
    int events = batches.stream().mapToInt(batch -> batch.events().size()).sum();
    boolean single = events <= 1;
    switch (retry.run(connection -> write(connection, batches, events), !single, deadline)) {
      case StorageRetry.Outcome.Done() -> {}
      case StorageRetry.Outcome.Refused(String state, String reason) -> {
        if (single) {
          refusedCounter.increment();
          LOG.log(
              System.Logger.Level.ERROR,
              "the database refused an event, which is given up: {0} (SQLSTATE {1}): {2}",
              batches.getFirst().events(),
              state,
              reason);
        } else {
          storeHalves(batches, deadline);
        }
      }
      case StorageRetry.Outcome.TryLess() -> storeHalves(batches, deadline);
    }
  }

  private void storeHalves(List<EventBatch> batches, long deadline) {
    if (batches.size() == 1) {
      EventBatch only = batches.getFirst();
      int middle = only.events().size() / 2;
      storeBatches(List.of(part(only, 0, middle)), deadline);
      storeBatches(List.of(part(only, middle, only.events().size())), deadline);
      return;
    }
    storeBatches(batches.subList(0, batches.size() / 2), deadline);
    storeBatches(batches.subList(batches.size() / 2, batches.size()), deadline);
  }

  private static EventBatch part(EventBatch batch, int from, int to) {
    return new EventBatch(batch.tenant(), batch.receivedMs(), batch.events().subList(from, to));
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // a race loses one figure of many
  private void write(Connection connection, List<EventBatch> batches, int events)
      throws SQLException {
    long start = System.nanoTime();
    long written = table.write(connection, new ArrayList<>(batches));
    long nanos = System.nanoTime() - start;
    transactions.record(nanos, TimeUnit.NANOSECONDS);
    storedCounter.increment((double) written);
    if (events >= MIN_MEASURED) {
      eventsPerSecond = 0.7 * eventsPerSecond + 0.3 * (events * 1e9 / Math.max(nanos, 1));
    }
  }
}
