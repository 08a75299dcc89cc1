package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * Commits journal batches to the database: the one function behind write-behind, the sweep and
 * durable acknowledgements. Waits while the database is away, so that a caller's queue is not
 * worked off by failing; batches the database refuses for themselves go to the dead letters alone.
 * Committing a batch again changes nothing. Safe for use by many threads.
 */
final class JournalStore {

  private static final System.Logger LOG = System.getLogger(JournalStore.class.getName());

  /** Bounds what one transaction locks, and what is done again when it fails. */
  private static final int MAX_ROWS = 500_000;

  private static final int MAX_BATCHES = 4_000;

  private static final long MIN_ROWS_OF_TWO_LANES = 20_000;

  private static final long MIN_ROWS_MEASURED = 5_000;
  private static final long MAX_NANOS_MEASURED = 5_000_000_000L;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final Database database;
  private final JournalWriter writer;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Set<JournalKey> inFlight = ConcurrentHashMap.newKeySet();
  private final LongAdder persistedSamples = new LongAdder();
  private final LongAdder deadLetters = new LongAdder();
  private final Counter samplesCounter;
  private final Counter batchesCounter;
  private final Counter repeatsCounter;
  private final Counter retriesCounter;
  private final Counter deadLettersCounter;
  private final Counter conflictsCounter;
  private final Timer transactions;

  /** A guess to begin with; low, since the first transactions are slow. A race loses a figure. */
  private volatile double samplesPerSecond = 150_000;

  private volatile Consumer<Collection<JournalKey>> committed = keys -> {};

  JournalStore(Database database, InstantSource clock, MeterRegistry meters) {
    this.database = database;
    this.writer = new JournalWriter(clock);
    this.samplesCounter = meters.counter("tidegrid.persist.samples");
    this.batchesCounter = meters.counter("tidegrid.persist.batches");
    this.repeatsCounter = meters.counter("tidegrid.persist.batches.repeated");
    this.retriesCounter = meters.counter("tidegrid.persist.retries");
    this.deadLettersCounter = meters.counter("tidegrid.persist.dead.letters");
    this.conflictsCounter = meters.counter("tidegrid.persist.series.conflicts");
    this.transactions = meters.timer("tidegrid.persist.transactions");
  }

  /** Sets what is told the keys of each committed transaction. */
  void onCommitted(Consumer<Collection<JournalKey>> listener) {
    committed = listener;
  }

  /** Makes all that wait, and all that come, return or throw without storing. */
  void close() {
    closing.countDown();
  }

  boolean isClosing() {
    return closing.getCount() == 0;
  }

  /** Returns the samples committed since the start. */
  long persistedSamples() {
    return persistedSamples.sum();
  }

  /** Returns the batches that went to the dead letters since the start. */
  long deadLetters() {
    return deadLetters.sum();
  }

  /** Tells whether a batch is just being stored by some thread of this member. */
  boolean isInFlight(JournalKey key) {
    return inFlight.contains(key);
  }

  /** Sets how many shards there are. Until then rows say that they do not know. */
  void shards(int count) {
    writer.shards(count);
  }

  /** Returns how many shards there are; 0 while that is not known. */
  int shards() {
    return writer.shards();
  }

  /**
   * Commits the batches, however long the database is away.
   *
   * @throws TidegridException {@code STORAGE_AWAY} when the thread is interrupted or the store is
   *     closing; some of the batches may then be committed
   */
  void storeAll(Map<JournalKey, JournalBatch> batches) {
    storeAll(batches, Long.MAX_VALUE);
  }

  /**
   * Commits the batches.
   *
   * @param within how long to go on trying
   * @throws TidegridException {@code STORAGE_AWAY} when that did not suffice
   */
  void storeAll(Map<JournalKey, JournalBatch> batches, Duration within) {
    storeAll(batches, System.nanoTime() + within.toNanos());
  }

  /** Returns how many samples a second it stored lately while it was storing. */
  double samplesPerSecond() {
    return samplesPerSecond;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // a race loses one figure of many
  private void measure(long rows, long nanos) {
    // Small transactions say more of the commit than of the rate, long ones waited for something.
    if (rows >= MIN_ROWS_MEASURED && nanos < MAX_NANOS_MEASURED) {
      samplesPerSecond = 0.7 * samplesPerSecond + 0.3 * (rows * 1e9 / nanos);
    }
  }

  private void storeAll(Map<JournalKey, JournalBatch> batches, long deadline) {
    inFlight.addAll(batches.keySet());
    try {
      long start = System.nanoTime();
      long rows = batches.values().stream().mapToLong(JournalBatch::size).sum();
      SortedMap<JournalKey, JournalBatch> even = new TreeMap<>();
      SortedMap<JournalKey, JournalBatch> odd = new TreeMap<>();
      batches.forEach((key, batch) ->
          (rows >= MIN_ROWS_OF_TWO_LANES && (key.shard() & 1) == 1 ? odd : even).put(key, batch));
      if (odd.isEmpty() || even.isEmpty()) {
        storeLane(even.isEmpty() ? odd : even, deadline);
      } else {
        storeLanes(even, odd, deadline);
      }
      measure(rows, System.nanoTime() - start);
    } finally {
      inFlight.removeAll(List.copyOf(batches.keySet()));
    }
  }

  /**
   * Stores two lanes side by side on a connection each, and returns when both are over. While the
   * node is busy, one connection alone gets a smaller share of the processors than the many threads
   * that take samples in, and the backlog grows. The lanes share no shard, so neither waits for the
   * other's locks.
   */
  private void storeLanes(
      SortedMap<JournalKey, JournalBatch> one,
      SortedMap<JournalKey, JournalBatch> other,
      long deadline) {
    FutureTask<Void> second =
        new FutureTask<>(() -> {
          storeLane(other, deadline);
          return null;
        });
    Thread thread = Thread.ofPlatform().name("tidegrid-store-lane").daemon().start(second);
    Optional<RuntimeException> failure = Optional.empty();
    try {
      storeLane(one, deadline);
    } catch (RuntimeException e) {
      failure = Optional.of(e);
    }
    boolean interrupted = Thread.currentThread().isInterrupted();
    while (thread.isAlive()) {
      try {
        if (interrupted) {
          thread.interrupt();
        }
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (second.state() == Future.State.FAILED) {
      RuntimeException late =
          second.exceptionNow() instanceof RuntimeException known
              ? known
              : new IllegalStateException(second.exceptionNow());
      failure.ifPresentOrElse(
          first -> first.addSuppressed(late),
          () -> {
            throw late;
          });
    }
    failure.ifPresent(first -> {
      throw first;
    });
  }

  private void storeLane(SortedMap<JournalKey, JournalBatch> batches, long deadline) {
    SortedMap<JournalKey, JournalBatch> group = new TreeMap<>();
    long rows = 0;
    for (Map.Entry<JournalKey, JournalBatch> entry : batches.entrySet()) {
      int size = entry.getValue().size();
      if (!group.isEmpty() && (rows + size > MAX_ROWS || group.size() >= MAX_BATCHES)) {
        storeGroup(group, deadline);
        group = new TreeMap<>();
        rows = 0;
      }
      group.put(entry.getKey(), entry.getValue());
      rows += size;
    }
    if (!group.isEmpty()) {
      storeGroup(group, deadline);
    }
  }

  /** Stores a group in one transaction; a group that the database refuses is halved. */
  private void storeGroup(SortedMap<JournalKey, JournalBatch> group, long deadline) {
    Refusal refusal = attempt(connection -> write(connection, group), deadline);
    if (refusal.equals(Refusal.NONE)) {
      committed.accept(group.keySet());
      return;
    }
    if (group.size() == 1) {
      JournalKey key = group.firstKey();
      LOG.log(
          System.Logger.Level.ERROR,
          "the database refused batch {0} ({1} samples), which goes to the dead letters: {2}",
          key,
          group.get(key).size(),
          refusal.reason());
      Refusal again =
          attempt(
              connection ->
                  writer.writeDeadLetter(
                      connection, key, group.get(key), refusal.state(), refusal.reason()),
              deadline);
      if (!again.equals(Refusal.NONE)) {
        throw new IllegalStateException("the dead letters refuse batch " + key + ": " + again);
      }
      deadLetters.increment();
      deadLettersCounter.increment();
      committed.accept(group.keySet());
      return;
    }
    JournalKey middle = group.keySet().stream().skip(group.size() / 2).findFirst().orElseThrow();
    storeGroup(new TreeMap<>(group.headMap(middle)), deadline);
    storeGroup(new TreeMap<>(group.tailMap(middle)), deadline);
  }

  private void write(Connection connection, SortedMap<JournalKey, JournalBatch> group)
      throws SQLException {
    long start = System.nanoTime();
    JournalWriter.Written written = writer.write(connection, group);
    transactions.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
    persistedSamples.add(written.samples());
    samplesCounter.increment((double) written.samples());
    batchesCounter.increment(written.batches());
    repeatsCounter.increment(group.size() - written.batches());
    if (!written.conflicts().isEmpty()) {
      deadLetters.add(written.conflicts().size());
      deadLettersCounter.increment(written.conflicts().size());
      conflictsCounter.increment(written.conflicts().size());
    }
  }

  /** Some SQL work in transactions of its own. */
  @FunctionalInterface
  interface Work {
    void run(Connection connection) throws SQLException;
  }

  /** Why the database will never take something; {@link #NONE} when it did. */
  private record Refusal(String state, String reason) {
    static final Refusal NONE = new Refusal("", "");
  }

  /** Does some work, again and again while the fault is not the work's own. */
  private Refusal attempt(Work work, long deadline) {
    Duration pause = FIRST_PAUSE;
    while (true) {
      checkGoingOn(null);
      SQLException failure;
      try {
        runOnce(work);
        return Refusal.NONE;
      } catch (SQLException e) {
        failure = e;
      } catch (IllegalArgumentException | IndexOutOfBoundsException | NullPointerException e) {
        // A batch that cannot even be encoded is at fault itself, and must not block the others.
        return new Refusal("", String.valueOf(e));
      }
      switch (SqlErrors.remedy(failure)) {
        case REFUSED -> {
          return new Refusal(SqlErrors.state(failure), String.valueOf(failure.getMessage()));
        }
        case CREATE_PARTITION -> writer.forget();
        case WAIT ->
            LOG.log(System.Logger.Level.DEBUG, "not stored yet: {0}", failure.getMessage());
        case BROKEN -> {
          writer.forget();
          LOG.log(
              System.Logger.Level.ERROR,
              "the database does not let samples be stored (SQLSTATE {0}): {1}",
              SqlErrors.state(failure),
              failure.getMessage());
        }
      }
      retriesCounter.increment();
      pause = pause(pause, deadline, failure);
    }
  }

  private void runOnce(Work work) throws SQLException {
    Connection connection = database.connection();
    boolean whole = false;
    try {
      work.run(connection);
      whole = true;
    } finally {
      if (!whole) {
        // Its COPY may be half done; a new connection is cheaper than being wrong about that.
        database.discard(connection);
      }
      connection.close();
    }
  }

  private Duration pause(Duration pause, long deadline, SQLException failure) {
    long left = deadline == Long.MAX_VALUE ? Long.MAX_VALUE : deadline - System.nanoTime();
    if (left <= 0) {
      throw away(failure);
    }
    try {
      long nanos = Math.min(left, pause.toNanos());
      if (database.isConnected()) {
        if (closing.await(nanos, TimeUnit.NANOSECONDS)) {
          throw away(failure);
        }
      } else {
        // Wakes up as soon as the database is back.
        boolean ignored = database.awaitConnected(Duration.ofNanos(nanos));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    checkGoingOn(failure);
    Duration next = pause.multipliedBy(2);
    return next.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : next;
  }

  private void checkGoingOn(Throwable cause) {
    if (isClosing() || Thread.currentThread().isInterrupted()) {
      throw away(cause);
    }
  }

  private static TidegridException away(Throwable cause) {
    return new TidegridException(
        ErrorCode.STORAGE_AWAY,
        "the database did not commit in time; the samples are kept in memory and will be stored"
            + " when it is back",
        List.of(),
        Duration.ofSeconds(5),
        cause);
  }
}
