package io.tidegrid.persist;

import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.persist.BlockCompaction.Outcome;
import io.tidegrid.persist.BlockCompaction.Result;
import io.tidegrid.store.WholeBlocks;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.function.IntToLongFunction;
import java.util.function.LongSupplier;

/**
 * Compacts the blocks of this member's shards in the background, one after the other on one
 * connection, and lets the database rest in between. The owner of a shard sees to it; rows that
 * were written under another number of shards are seen to by the owner of what their shard is
 * modulo the present number. The owner of shard 0 also drops what is empty or expired.
 */
final class Compactor implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Compactor.class.getName());

  private static final Duration LONGEST_INTERVAL = Duration.ofSeconds(30);
  private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(50);

  /** How much of the share is left while writers are held back. */
  private static final double UNDER_PRESSURE = 0.1;

  /** Where this member's part of the grid comes from. */
  record Grid(
      int shards, IntPredicate owned, IntToLongFunction lowestPending, WholeBlocks memory) {}

  private final Database database;
  private final CompactedWriter writer;
  private final Grid grid;
  private final CompactionOptions options;
  private final LongSupplier paceMs;
  private final InstantSource clock;
  private final BlockCompaction compaction;
  private final PairSchedule schedule;
  private final CompactionMeters meters;
  private final Retention retention;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  /**
   * A compactor that runs.
   *
   * @param paceMs above 0 while writers are held back
   */
  Compactor(
      Database database,
      CompactedWriter writer,
      Grid grid,
      CompactionOptions options,
      RetentionOptions kept,
      RollupPartitions rollups,
      LongSupplier paceMs,
      InstantSource clock,
      MeterRegistry registry,
      CompactionSteps steps) {
    this.database = database;
    this.writer = writer;
    this.grid = grid;
    this.options = options;
    this.paceMs = paceMs;
    this.clock = clock;
    this.compaction =
        new BlockCompaction(
            writer,
            grid.memory,
            grid.lowestPending,
            grid.shards,
            BlockCompaction.MAX_SAMPLES_AT_ONCE,
            steps);
    this.schedule = new PairSchedule(options.delay());
    this.meters = new CompactionMeters(registry);
    this.retention = new Retention(writer, rollups, kept, clock, registry, steps);
    this.thread = Thread.ofPlatform().name("tidegrid-compaction").daemon().start(this::run);
  }

  CompactionStatus status() {
    return meters.status();
  }

  private void run() {
    Duration interval = options.delay().dividedBy(10);
    interval = interval.compareTo(LONGEST_INTERVAL) > 0 ? LONGEST_INTERVAL : interval;
    interval = interval.compareTo(SHORTEST_INTERVAL) < 0 ? SHORTEST_INTERVAL : interval;
    while (!isClosing()) {
      try {
        if (database.isConnected()) {
          round();
        }
      } catch (SQLException e) {
        LOG.log(System.Logger.Level.DEBUG, "not compacted now: {0}", e.getMessage());
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "the compaction failed, again later", e);
      }
      pause(interval.toNanos());
    }
  }

  private boolean isClosing() {
    return closing.getCount() == 0;
  }

  private void pause(long nanos) {
    try {
      boolean ignored = closing.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing.countDown();
    }
  }

  private boolean isMine(CompactionPair pair) {
    return grid.owned.test(Math.floorMod(pair.shard(), grid.shards));
  }

  private void round() throws SQLException {
    List<CompactionPair> ended =
        with(connection -> RecentPairs.ended(connection, clock.instant())).stream()
            .filter(this::isMine)
            .toList();
    long nowMs = clock.millis();
    schedule.seen(ended, nowMs);
    List<CompactionPair> due = schedule.due(nowMs);
    meters.looked(
        clock.instant(),
        due.size(),
        schedule.size() - due.size(),
        Duration.ofMillis(schedule.lagMs(due, nowMs)),
        schedule.failing());
    for (CompactionPair pair : due) {
      if (isClosing() || !database.isConnected()) {
        return;
      }
      if (schedule.mayRun(pair, clock.millis()) && isMine(pair)) {
        compact(pair);
      }
    }
    if (!isClosing() && grid.owned.test(0)) {
      with(connection -> {
        retention.run(connection);
        return Boolean.TRUE;
      });
    }
  }

  /** Something to do with a connection that is given up when it fails. */
  @FunctionalInterface
  private interface Work<T> {
    T with(Connection connection) throws SQLException;
  }

  private <T> T with(Work<T> work) throws SQLException {
    Connection connection = database.connection();
    try {
      T result = work.with(connection);
      connection.close();
      return result;
    } catch (SQLException | RuntimeException e) {
      giveUp(connection, e);
      throw e;
    }
  }

  /** A COPY may be half done, a setting of its session changed: nobody may use it again. */
  private void giveUp(Connection connection, Exception cause) {
    try {
      database.discard(connection);
      connection.close();
    } catch (SQLException | RuntimeException e) {
      // The pool cannot reset what it has thrown away.
      cause.addSuppressed(e);
    }
  }

  private void compact(CompactionPair pair) throws SQLException {
    boolean more = true;
    while (more && !isClosing()) {
      long start = System.nanoTime();
      Optional<Result> result = attempt(pair);
      long nanos = System.nanoTime() - start;
      more = result.isPresent() && take(pair, result.get(), nanos);
      rest(nanos);
    }
  }

  private Optional<Result> attempt(CompactionPair pair) throws SQLException {
    try {
      long settled = schedule.settled(pair, clock.millis());
      return Optional.of(
          with(connection -> compaction.fold(connection, pair, settled, clock.instant())));
    } catch (SQLException e) {
      switch (SqlErrors.remedy(e)) {
        case CREATE_PARTITION -> writer.forget();
        case WAIT -> {
          if (!database.isConnected()) {
            throw e;
          }
        }
        case REFUSED, BROKEN -> {}
      }
      failed(pair, e);
    } catch (RuntimeException e) {
      failed(pair, e);
    }
    return Optional.empty();
  }

  private void failed(CompactionPair pair, Exception e) {
    Duration pause = schedule.failed(pair, clock.millis());
    meters.failed(schedule.failing(), pair + ": " + e.getMessage());
    LOG.log(
        System.Logger.Level.WARNING,
        "the {0} was not compacted, again in {1} s: {2}",
        pair,
        pause.toSeconds(),
        e.getMessage());
    LOG.log(System.Logger.Level.DEBUG, "not compacted", e);
  }

  /** Tells whether there is more to do at once. */
  private boolean take(CompactionPair pair, Result result, long nanos) {
    switch (result.outcome()) {
      case NOTHING -> schedule.done(pair);
      case BUSY -> {}
      case UNSETTLED -> schedule.unsettled(pair, result.highest(), clock.millis());
      case FROM_MEMORY, FROM_DATABASE -> {
        meters.done(clock.instant(), result, nanos);
        LOG.log(
            System.Logger.Level.DEBUG,
            "folded {0} rows with {1} samples of the {2} into {3} ({4} samples) in {5} ms, {6}",
            result.recentRows(),
            result.recentSamples(),
            pair,
            result.series(),
            result.samples(),
            nanos / 1_000_000,
            result.outcome() == Outcome.FROM_MEMORY ? "from memory" : "from the database");
        if (!result.more()) {
          schedule.done(pair);
        }
        return result.more();
      }
    }
    return false;
  }

  /** What arrives goes first: rests longer the longer the work was, much longer under pressure. */
  private void rest(long nanos) {
    double share = options.share() * (paceMs.getAsLong() > 0 ? UNDER_PRESSURE : 1);
    pause((long) (nanos * (1 - share) / share));
  }

  /** Returns what retention would drop now; asks the database. */
  RetentionPlan retention() throws SQLException {
    return with(retention::plan);
  }

  /** Ends after the block that is being compacted, or gives it up after a while. */
  @Override
  public void close() {
    closing.countDown();
    try {
      if (!thread.join(Duration.ofSeconds(5))) {
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
