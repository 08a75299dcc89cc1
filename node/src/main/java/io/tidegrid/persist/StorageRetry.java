package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Does transactions again and again while the fault is not their own, and finds out whether it is.
 * Safe for use by many threads.
 */
final class StorageRetry {

  private static final System.Logger LOG = System.getLogger(StorageRetry.class.getName());

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  /**
   * An error of unknown kind is the batch's own fault when it alone has failed for this long while
   * others were committed.
   */
  private static final Duration PATIENCE_WITH_ONE = Duration.ofSeconds(20);

  /** The first failure may come from what was remembered wrongly of the database. */
  private static final int TRIES_BEFORE_LESS = 2;

  /** How often a partition may be missing right after it was made. */
  private static final int TRIES_WITH_PARTITIONS = 5;

  private final Database database;
  private final Runnable forget;
  private final Counter retries;
  private final Duration patienceWithOne;
  private final LongAdder done = new LongAdder();
  private final CountDownLatch closing = new CountDownLatch(1);

  /** How it went. */
  sealed interface Outcome {
    /** It is committed. */
    record Done() implements Outcome {}

    /** The database will never take it. */
    record Refused(String state, String reason) implements Outcome {}

    /** It may be too much at once, or hold something that is refused: worth trying in parts. */
    record TryLess() implements Outcome {}
  }

  /**
   * @param forget drops what is remembered of the database
   */
  StorageRetry(Database database, Runnable forget, MeterRegistry meters) {
    this(database, forget, PATIENCE_WITH_ONE, meters);
  }

  StorageRetry(Database database, Runnable forget, Duration patienceWithOne, MeterRegistry meters) {
    this.patienceWithOne = patienceWithOne;
    this.database = database;
    this.forget = forget;
    this.retries = meters.counter("tidegrid.persist.retries");
  }

  /** Makes all that wait, and all that come, throw. */
  void close() {
    closing.countDown();
  }

  boolean isClosing() {
    return closing.getCount() == 0;
  }

  /**
   * Does some work until it is committed or known to be at fault itself.
   *
   * @param divisible whether the work could be done in parts
   * @param deadline in terms of {@link System#nanoTime}; {@code Long.MAX_VALUE} for none
   * @throws TidegridException {@code STORAGE_AWAY} when the time is over, the thread is interrupted
   *     or this is closing
   */
  Outcome run(JournalStore.Work work, boolean divisible, long deadline) {
    Duration pause = FIRST_PAUSE;
    Tries broken = new Tries();
    int partitions = 0;
    while (true) {
      checkGoingOn(null);
      SQLException failure;
      try {
        runOnce(work);
        done.increment();
        database.health().stored();
        return new Outcome.Done();
      } catch (SQLException e) {
        failure = e;
      } catch (IllegalArgumentException | IndexOutOfBoundsException | NullPointerException e) {
        // A batch that cannot even be encoded is at fault itself, and must not block the others.
        return new Outcome.Refused("", String.valueOf(e));
      }
      SqlErrors.Remedy remedy = SqlErrors.remedy(failure);
      if (remedy == SqlErrors.Remedy.CREATE_PARTITION && ++partitions > TRIES_WITH_PARTITIONS) {
        remedy = SqlErrors.Remedy.BROKEN;
      }
      switch (remedy) {
        case REFUSED -> {
          return refused(failure);
        }
        case CREATE_PARTITION -> forget.run();
        case WAIT -> {
          if (divisible && SqlErrors.isTooMuch(failure)) {
            return new Outcome.TryLess();
          }
          database.health().notStored(failure);
        }
        case BROKEN -> {
          forget.run();
          broken.failed();
          database.health().notStored(failure);
          if (divisible && broken.count >= TRIES_BEFORE_LESS) {
            return new Outcome.TryLess();
          }
          if (!divisible && broken.isItsOwnFault()) {
            return refused(failure);
          }
        }
      }
      LOG.log(System.Logger.Level.DEBUG, "not stored yet: {0}", failure.getMessage());
      retries.increment();
      pause = pause(pause, deadline, failure);
    }
  }

  private static Outcome refused(SQLException failure) {
    return new Outcome.Refused(SqlErrors.state(failure), StorageHealth.message(failure));
  }

  /** Failures of one piece of work for reasons that might be its own or everybody's. */
  private final class Tries {

    private int count;
    private long firstNanos;
    private long doneBefore;

    void failed() {
      if (count++ == 0) {
        firstNanos = System.nanoTime();
        doneBefore = done.sum();
      }
    }

    boolean isItsOwnFault() {
      return System.nanoTime() - firstNanos >= patienceWithOne.toNanos() && done.sum() > doneBefore;
    }
  }

  private void runOnce(JournalStore.Work work) throws SQLException {
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
