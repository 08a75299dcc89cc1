package io.tidegrid.persist;

import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Stores events that the write-behind queues forgot, as {@link JournalSweeper} does for samples,
 * and measures the backlog on the way.
 */
final class EventSweeper implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(EventSweeper.class.getName());

  private static final Duration MEASURE_INTERVAL = Duration.ofMillis(100);
  private static final int MEASURES_PER_SCAN = 10;

  /** How many sweep ages an entry may stay in a queue while the database is there. */
  private static final int PATIENCE_WITH_QUEUE = 6;

  /** Bounds what is deserialized at a time. */
  private static final int MAX_BATCHES_AT_ONCE = 10_000;

  private static final double BYTES_PER_EVENT = 200;

  private final LocalEvents events;
  private final EventStore store;
  private final Database database;
  private final EventBacklog backlog;
  private final Duration age;
  private final InstantSource clock;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;
  private final ExecutorService storing =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("tidegrid-event-sweep-store").daemon().factory());
  private Future<?> running = CompletableFuture.completedFuture(null);

  /**
   * A sweeper that runs.
   *
   * @param age how old an entry must be to be taken for forgotten
   */
  EventSweeper(
      LocalEvents events,
      EventStore store,
      Database database,
      EventBacklog backlog,
      Duration age,
      InstantSource clock) {
    this.events = events;
    this.store = store;
    this.database = database;
    this.backlog = backlog;
    this.age = age;
    this.clock = clock;
    this.thread = Thread.ofPlatform().name("tidegrid-event-sweep").daemon().start(this::run);
  }

  private void run() {
    int measures = 0;
    try {
      while (!closing.await(MEASURE_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        try {
          long bytes = events.bytes();
          boolean writable = database.isConnected() && database.health().isWritable();
          backlog.measured(bytes, writable ? bytes / BYTES_PER_EVENT / store.eventsPerSecond() : 0);
          if (++measures % MEASURES_PER_SCAN == 0 && writable && running.isDone() && bytes > 0) {
            sweep();
          }
        } catch (RuntimeException e) {
          failed(e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void failed(RuntimeException e) {
    if (e instanceof TidegridException) {
      LOG.log(System.Logger.Level.DEBUG, "not swept: {0}", e.getMessage());
    } else if (closing.getCount() > 0) {
      LOG.log(System.Logger.Level.WARNING, "the sweep of events failed, again later", e);
    }
  }

  private void sweep() {
    long now = clock.millis();
    Map<JournalKey, EventBatch> due = new HashMap<>();
    for (int partition = 0; partition < events.partitions(); partition++) {
      for (LocalEvents.Entry entry : events.scan(partition)) {
        long ms = now - entry.receivedMs();
        long needed = age.toMillis() * (entry.queued() ? PATIENCE_WITH_QUEUE : 1);
        if (ms >= needed && !store.isInFlight(entry.key()) && due.size() < MAX_BATCHES_AT_ONCE) {
          due.put(entry.key(), events.batch(entry));
        }
      }
    }
    if (!due.isEmpty()) {
      running = storing.submit(() -> store(due));
    }
  }

  private void store(Map<JournalKey, EventBatch> due) {
    try {
      store.storeAll(due, Duration.ofSeconds(10));
      LOG.log(
          System.Logger.Level.INFO,
          "swept {0} batches of events that no write-behind queue held",
          due.size());
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  /** Stores everything that this member owns; tells whether nothing was left in time. */
  boolean drain(Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    while (!events.isEmpty()) {
      if (System.nanoTime() >= deadline || Thread.currentThread().isInterrupted()) {
        return false;
      }
      try {
        Map<JournalKey, EventBatch> all = new HashMap<>();
        for (int partition = 0; partition < events.partitions(); partition++) {
          for (LocalEvents.Entry entry : events.scan(partition)) {
            if (!store.isInFlight(entry.key()) && all.size() < MAX_BATCHES_AT_ONCE) {
              all.put(entry.key(), events.batch(entry));
            }
          }
        }
        store.storeAll(all, Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
        // Evictions are on their way, as are batches that other threads are storing.
        TimeUnit.MILLISECONDS.sleep(5);
      } catch (TidegridException e) {
        LOG.log(System.Logger.Level.DEBUG, "not drained yet: {0}", e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return true;
  }

  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
    storing.shutdownNow();
  }
}
