package io.tidegrid.persist;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

/**
 * Stores what the write-behind queues forgot. A backup drops queued entries ten seconds after their
 * time whether the owner stored them or not, so after an owner's death the map is the only one that
 * knows. The owner of a partition therefore looks at its journal entries each second and stores
 * those that no queue holds, once they are old enough not to be on their way, and those that a
 * queue has held for suspiciously long. It measures the backlog on the way.
 */
final class JournalSweeper implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(JournalSweeper.class.getName());

  private static final Duration MEASURE_INTERVAL = Duration.ofMillis(100);
  private static final Duration SCAN_INTERVAL = Duration.ofSeconds(1);

  /** Bounds what is deserialized at a time. */
  private static final long MAX_SAMPLES_AT_ONCE = 500_000;

  /** How many sweep ages an entry may stay in a queue while the database is there. */
  private static final int PATIENCE_WITH_QUEUE = 6;

  private final LocalJournal journal;
  private final JournalStore store;
  private final Database database;
  private final Backlog backlog;
  private final Duration sweepAge;
  private final Map<Integer, EntryAges> ages = new HashMap<>();
  private final AtomicBoolean membershipLost = new AtomicBoolean();
  private final Semaphore wake = new Semaphore(0);
  private final Thread thread;

  /** Stores what is due; measuring must go on while a database that hangs holds that up. */
  private final ExecutorService storing =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("tidegrid-sweep-store").daemon().factory());

  private volatile Future<?> running = CompletableFuture.completedFuture(null);
  private volatile boolean closed;

  JournalSweeper(
      LocalJournal journal,
      JournalStore store,
      Database database,
      Backlog backlog,
      Duration sweepAge) {
    this.journal = journal;
    this.store = store;
    this.database = database;
    this.backlog = backlog;
    this.sweepAge = sweepAge;
    this.thread = Thread.ofPlatform().name("tidegrid-sweep").daemon().start(this::run);
  }

  /** Says that a member left, so that entries may have lost their queue: sweep at once. */
  void membershipLost() {
    membershipLost.set(true);
    wake.release();
  }

  private void run() {
    long lastScan = System.nanoTime() - SCAN_INTERVAL.toNanos();
    while (!closed) {
      try {
        // A database that is away is no reason to slow down: the backlog is for that.
        double rate = database.health().isWritable() ? store.samplesPerSecond() : Double.MAX_VALUE;
        backlog.bytes(journal.ownedBytes(), rate);
        boolean lost = membershipLost.getAndSet(false);
        if (lost || System.nanoTime() - lastScan >= SCAN_INTERVAL.toNanos()) {
          lastScan = System.nanoTime();
          sweep(lost);
        }
      } catch (RuntimeException e) {
        failed(e);
      }
      pause();
    }
  }

  private void failed(RuntimeException e) {
    if (e instanceof TidegridException) {
      LOG.log(System.Logger.Level.DEBUG, "not swept: {0}", e.getMessage());
    } else if (!closed) {
      LOG.log(System.Logger.Level.WARNING, "the sweep of the journal failed, again later", e);
    }
  }

  private void pause() {
    try {
      if (wake.tryAcquire(MEASURE_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        int ignored = wake.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closed = true;
    }
  }

  private void sweep(boolean atOnce) {
    long now = System.nanoTime();
    long samples = 0;
    long oldest = 0;
    List<LocalJournal.Entry> due = new ArrayList<>();
    boolean mayStore = database.isConnected() && running.isDone();
    for (int partition = 0; partition < journal.partitions(); partition++) {
      var scan = journal.scan(partition);
      if (scan.isEmpty() || scan.get().entries().isEmpty()) {
        ages.remove(partition);
        continue;
      }
      EntryAges age = ages.computeIfAbsent(partition, p -> new EntryAges());
      long lowest = -1L;
      long highest = 0;
      for (LocalJournal.Entry entry : scan.get().entries()) {
        long sequence = entry.key().sequence();
        lowest = Long.compareUnsigned(sequence, lowest) < 0 ? sequence : lowest;
        highest = Long.compareUnsigned(sequence, highest) > 0 ? sequence : highest;
      }
      age.seen(lowest, highest, now);
      samples += scan.get().samples();
      oldest = Math.max(oldest, age.ageNanos(lowest, now));
      if (mayStore) {
        Predicate<LocalJournal.Entry> isDue =
            entry -> isDue(entry, age.ageNanos(entry.key().sequence(), now), atOnce);
        scan.get().entries().stream().filter(isDue).forEach(due::add);
      }
    }
    backlog.scanned(samples, TimeUnit.NANOSECONDS.toMillis(oldest));
    if (!due.isEmpty()) {
      running = storing.submit(() -> store(due));
    } else if (atOnce && !mayStore) {
      // Not forgotten: as soon as it can be done.
      membershipLost.set(true);
    }
  }

  private void store(List<LocalJournal.Entry> due) {
    Collector collector = new Collector();
    try {
      // What another thread took up meanwhile need not be stored twice.
      due.stream().filter(entry -> !store.isInFlight(entry.key())).forEach(collector::add);
      collector.store();
      LOG.log(
          System.Logger.Level.INFO,
          "swept {0} journal batches that no write-behind queue held",
          collector.stored);
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  private boolean isDue(LocalJournal.Entry entry, long ageNanos, boolean atOnce) {
    if (store.isInFlight(entry.key())) {
      return false;
    }
    long limit = sweepAge.toNanos() * (entry.queued() ? PATIENCE_WITH_QUEUE : 1);
    return ageNanos >= limit || (atOnce && !entry.queued());
  }

  /**
   * Stores all entries of the partitions owned here, queued or not, until none is left.
   *
   * @return whether the owned part of the journal was found empty in time
   */
  boolean drain(Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    while (!journal.isEmpty()) {
      long left = deadline - System.nanoTime();
      if (left <= 0 || Thread.currentThread().isInterrupted()) {
        return false;
      }
      try {
        Collector all = new Collector();
        for (int partition = 0; partition < journal.partitions(); partition++) {
          journal
              .scan(partition)
              .ifPresent(found ->
                  found.entries().stream()
                      .filter(entry -> !store.isInFlight(entry.key()))
                      .forEach(entry -> all.addWithin(entry, deadline)));
        }
        all.storeWithin(deadline);
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

  /** Gathers batches and stores them in portions. */
  private final class Collector {

    private final Map<JournalKey, JournalBatch> batches = new HashMap<>();
    private long samples;
    private int stored;

    void add(LocalJournal.Entry entry) {
      addWithin(entry, Long.MAX_VALUE);
    }

    void addWithin(LocalJournal.Entry entry, long deadline) {
      JournalBatch batch = journal.batch(entry);
      batches.put(entry.key(), batch);
      samples += batch.size();
      if (samples >= MAX_SAMPLES_AT_ONCE) {
        storeWithin(deadline);
      }
    }

    void store() {
      storeWithin(Long.MAX_VALUE);
    }

    void storeWithin(long deadline) {
      if (batches.isEmpty()) {
        return;
      }
      Duration within =
          deadline == Long.MAX_VALUE
              ? Duration.ofSeconds(10)
              : Duration.ofNanos(Math.max(deadline - System.nanoTime(), 0));
      store.storeAll(batches, within);
      stored += batches.size();
      batches.clear();
      samples = 0;
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    storing.shutdownNow();
  }
}
