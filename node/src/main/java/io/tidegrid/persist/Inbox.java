package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.TidegridException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Hands over, in the background, what SQL users inserted, and deletes it once it was taken in. Each
 * step can be cut short: a row is in the inbox until its sample is committed, and is then taken in
 * at most once more, which changes nothing. Two members that both believe to be in charge for a
 * moment do no harm for the same reason.
 */
public final class Inbox implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Inbox.class.getName());

  /** How many rows are handed over at a time. */
  static final int BATCH = 10_000;

  private static final Duration IDLE = Duration.ofSeconds(1);
  private static final Duration BUSY = Duration.ofMillis(250);

  /** How long after the last row more are expected. */
  private static final Duration ATTENTION = Duration.ofSeconds(10);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final Database database;
  private final BooleanSupplier inCharge;
  private final InboxTable table;
  private final InboxConsumer consumer;
  private final Counter taken;
  private final Counter rejected;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  /** Of the thread alone. */
  private boolean ready;

  private int failures;

  /**
   * An inbox that runs.
   *
   * @param inCharge whether this member is the one that empties it; asked before each batch
   */
  Inbox(
      Database database,
      BooleanSupplier inCharge,
      InboxLimits limits,
      InboxConsumer consumer,
      MeterRegistry meters) {
    this.database = database;
    this.inCharge = inCharge;
    this.table = new InboxTable(limits);
    this.consumer = consumer;
    this.taken =
        Counter.builder("tidegrid.inbox.rows")
            .description("Rows inserted with SQL that became samples")
            .register(meters);
    this.rejected =
        Counter.builder("tidegrid.inbox.rejected")
            .description("Rows inserted with SQL that were refused")
            .register(meters);
    this.thread = Thread.ofPlatform().name("tidegrid-inbox").daemon().start(this::run);
  }

  private void run() {
    long attentiveUntil = System.nanoTime();
    while (closing.getCount() > 0) {
      int rows = 0;
      Duration pause = Duration.ZERO;
      try {
        if (database.isConnected() && inCharge.getAsBoolean()) {
          rows = step();
        } else {
          ready = false;
        }
        failures = 0;
      } catch (SQLException e) {
        LOG.log(System.Logger.Level.DEBUG, "the inbox waits: {0}", e.getMessage());
        pause = IDLE;
      } catch (TidegridException e) {
        LOG.log(System.Logger.Level.DEBUG, "the inbox waits: {0}", e.getMessage());
        pause = e.retryAfter().orElse(IDLE);
      } catch (RuntimeException e) {
        pause = failed(e);
      }
      long now = System.nanoTime();
      if (rows > 0) {
        attentiveUntil = now + ATTENTION.toNanos();
      }
      if (!pause.isZero()) {
        pause(pause);
      } else if (rows < BATCH) {
        pause(attentiveUntil - now > 0 ? BUSY : IDLE);
      }
    }
  }

  private Duration failed(RuntimeException e) {
    failures = Math.min(failures + 1, 10);
    Duration doubled = IDLE.multipliedBy(1L << failures);
    Duration pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    if (closing.getCount() > 0) {
      LOG.log(
          System.Logger.Level.WARNING,
          "what was inserted with SQL could not be taken in, again in " + pause.toSeconds() + " s",
          e);
    }
    return pause;
  }

  /** Takes in one batch; returns how many rows it had. */
  private int step() throws SQLException {
    if (!ready) {
      with(connection -> {
        table.writeLimits(connection);
        return true;
      });
      ready = true;
    }
    InboxTable.Batch batch = with(connection -> table.read(connection, BATCH));
    if (batch.size() == 0) {
      return 0;
    }
    // Without a connection in the meantime: taking in may wait for one.
    List<InboxRow> rows = batch.rows();
    Map<Integer, String> refused = rows.isEmpty() ? Map.of() : consumer.take(rows);
    Map<Long, String> reasons = batch.reasons(refused);
    with(connection -> {
      table.delete(connection, batch.ids(), reasons);
      return true;
    });
    taken.increment(batch.size() - reasons.size());
    rejected.increment(reasons.size());
    if (!reasons.isEmpty()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} rows inserted with SQL were refused, see table inbox_rejected; the first: {1}",
          reasons.size(),
          reasons.values().iterator().next());
    }
    return batch.size();
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
      try {
        database.discard(connection);
        connection.close();
      } catch (SQLException | RuntimeException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private void pause(Duration duration) {
    try {
      boolean ignored = closing.await(duration.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing.countDown();
    }
  }

  /** Ends after the batch that is being taken in, or gives it up after a while. */
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
