package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;

/**
 * Commits rollups to the database. What is not committed is not lost: its span stays dirty and is
 * computed again. So the store waits while the database is away, but gives up an entry rather than
 * hold up the others: one that the database refuses for itself, or whose samples are not committed
 * in time. Safe for use by many threads.
 */
final class RollupStore {

  private static final System.Logger LOG = System.getLogger(RollupStore.class.getName());

  /** Bounds what one transaction holds; a single entry may be larger. */
  private static final long MAX_BYTES = 16L << 20;

  private static final int MAX_ENTRIES = 256;

  /** In the order in which all writers take their locks. */
  private static final Comparator<RollupKey> ORDER =
      Comparator.comparingInt(RollupKey::shard)
          .thenComparing(RollupKey::tier)
          .thenComparingLong(RollupKey::startMs);

  /** Said in place of the lowest pending sequence of a shard that another member owns. */
  private static final long NOT_OWNED = 0;

  private static final Duration COMMIT_PATIENCE = Duration.ofSeconds(15);
  private static final Duration COMMIT_INTERVAL = Duration.ofMillis(50);

  private final RollupWriter writer;
  private final StorageRetry retry;
  private final Duration commitPatience;
  private final Set<RollupKey> inFlight = ConcurrentHashMap.newKeySet();
  private final Counter windowsCounter;
  private final Counter rowsCounter;
  private final Counter spansCounter;
  private final Counter outdatedCounter;
  private final Counter refusedCounter;
  private final Counter postponedCounter;
  private final Timer transactions;

  private volatile int shards;
  private volatile Listener listener = (entries, committed) -> {};
  private volatile IntToLongFunction lowestPending = shard -> Long.MAX_VALUE;

  /** Told what became of entries. */
  @FunctionalInterface
  interface Listener {

    /**
     * Called when some entries are over with.
     *
     * @param committed whether they, or newer ones, are stored
     */
    void done(Map<RollupKey, RollupBlock> entries, boolean committed);
  }

  RollupStore(
      Database database, RollupPartitions partitions, InstantSource clock, MeterRegistry meters) {
    this(database, partitions, clock, meters, COMMIT_PATIENCE);
  }

  /**
   * @param commitPatience how long to wait until the samples in an entry are committed
   */
  RollupStore(
      Database database,
      RollupPartitions partitions,
      InstantSource clock,
      MeterRegistry meters,
      Duration commitPatience) {
    this.writer = new RollupWriter(clock, partitions);
    this.retry = new StorageRetry(database, writer::forget, meters);
    this.commitPatience = commitPatience;
    database.onReconnected(writer::forget);
    this.windowsCounter = counter(meters, "windows", "Windows stored, of all tiers");
    this.rowsCounter = counter(meters, "rows", "Rows they are stored in");
    this.spansCounter = counter(meters, "spans", "Blocks and days of a shard that were stored");
    this.outdatedCounter =
        counter(meters, "spans.outdated", "Not stored, because what was there was newer");
    this.refusedCounter =
        counter(meters, "spans.refused", "Not stored, because the database refuses their content");
    this.postponedCounter =
        counter(
            meters, "spans.postponed", "Not stored, because their samples were not committed yet");
    this.transactions = meters.timer("tidegrid.rollups.stored.transactions");
  }

  private static Counter counter(MeterRegistry meters, String name, String description) {
    return Counter.builder("tidegrid.rollups.stored." + name)
        .description(description)
        .register(meters);
  }

  /** Sets how many shards there are; nothing is stored before. */
  void shards(int count) {
    shards = count;
  }

  /** Sets what is told when entries are over with. */
  void onDone(Listener told) {
    listener = told;
  }

  /**
   * Sets what knows the lowest sequence of a shard that is not committed, 0 when this member cannot
   * say.
   */
  void lowestPending(IntToLongFunction function) {
    lowestPending = function;
  }

  /** Makes all that wait, and all that come, return without storing. */
  void close() {
    retry.close();
  }

  boolean isInFlight(RollupKey key) {
    return inFlight.contains(key);
  }

  /** Returns how many spans the database refused. */
  long refused() {
    return (long) refusedCounter.count();
  }

  /** Commits the entries, however long the database is away. Returns when it is closing too. */
  void storeAll(Map<RollupKey, RollupBlock> entries) {
    if (retry.isClosing() || shards == 0) {
      return;
    }
    inFlight.addAll(entries.keySet());
    try {
      SortedMap<RollupKey, RollupBlock> sorted = new TreeMap<>(ORDER);
      sorted.putAll(entries);
      storeCommitted(sorted);
    } catch (TidegridException e) {
      // Thrown at Hazelcast it would only be tried entry by entry. The spans stay dirty.
      LOG.log(
          System.Logger.Level.DEBUG, "{0} rollups not stored: {1}", entries.size(), e.getMessage());
    } finally {
      inFlight.removeAll(Set.copyOf(entries.keySet()));
    }
  }

  /**
   * Waits until the samples of each entry are committed: a crash of all memory must not leave
   * rollups of samples that are nowhere, and the marks of these samples come with them.
   */
  private void storeCommitted(SortedMap<RollupKey, RollupBlock> entries) {
    SortedMap<RollupKey, RollupBlock> group = new TreeMap<>(ORDER);
    SortedMap<RollupKey, RollupBlock> postponed = new TreeMap<>(ORDER);
    long deadline = System.nanoTime() + commitPatience.toNanos();
    long bytes = 0;
    for (Map.Entry<RollupKey, RollupBlock> entry : entries.entrySet()) {
      if (!awaitCommitted(entry.getKey().shard(), entry.getValue().sequence(), deadline)) {
        postponed.put(entry.getKey(), entry.getValue());
        continue;
      }
      if (!group.isEmpty()
          && (bytes + entry.getValue().bytes() > MAX_BYTES || group.size() >= MAX_ENTRIES)) {
        storeGroup(group);
        group = new TreeMap<>(ORDER);
        bytes = 0;
      }
      group.put(entry.getKey(), entry.getValue());
      bytes += entry.getValue().bytes();
    }
    if (!group.isEmpty()) {
      storeGroup(group);
    }
    if (!postponed.isEmpty()) {
      postponedCounter.increment(postponed.size());
      listener.done(postponed, false);
    }
  }

  private boolean awaitCommitted(int shard, long sequence, long deadline) {
    while (true) {
      long lowest = lowestPending.applyAsLong(shard);
      if (Long.compareUnsigned(lowest, sequence) > 0) {
        return true;
      }
      if (lowest == NOT_OWNED || System.nanoTime() >= deadline || retry.isClosing()) {
        return false;
      }
      try {
        TimeUnit.NANOSECONDS.sleep(COMMIT_INTERVAL.toNanos());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  /** Stores a group in one transaction; a group that the database refuses is halved. */
  private void storeGroup(SortedMap<RollupKey, RollupBlock> group) {
    boolean single = group.size() == 1;
    switch (retry.run(connection -> write(connection, group), !single, Long.MAX_VALUE)) {
      case StorageRetry.Outcome.Done() -> listener.done(group, true);
      case StorageRetry.Outcome.Refused(String state, String reason) -> {
        if (single) {
          refused(group, state, reason);
        } else {
          storeHalves(group);
        }
      }
      case StorageRetry.Outcome.TryLess() -> storeHalves(group);
    }
  }

  private void storeHalves(SortedMap<RollupKey, RollupBlock> group) {
    RollupKey middle = group.keySet().stream().skip(group.size() / 2).findFirst().orElseThrow();
    storeGroup(new TreeMap<>(group.headMap(middle)));
    storeGroup(new TreeMap<>(group.tailMap(middle)));
  }

  private void refused(SortedMap<RollupKey, RollupBlock> single, String state, String reason) {
    RollupBlock block = single.get(single.firstKey());
    LOG.log(
        System.Logger.Level.ERROR,
        "the database refused the rollups {0} ({1} series, {2} windows), which stay to be computed"
            + " again (SQLSTATE {3}): {4}",
        single.firstKey(),
        block.ids().length,
        block.windows(),
        state,
        reason);
    refusedCounter.increment();
    listener.done(single, false);
  }

  private void write(Connection connection, SortedMap<RollupKey, RollupBlock> group)
      throws SQLException {
    long start = System.nanoTime();
    RollupWriter.Written written = writer.write(connection, shards, group);
    transactions.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
    windowsCounter.increment((double) written.windows());
    rowsCounter.increment((double) written.rows());
    spansCounter.increment((double) (group.size() - written.outdated()));
    outdatedCounter.increment(written.outdated());
  }
}
