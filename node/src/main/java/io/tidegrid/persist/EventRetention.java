package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Deletes events that came longer ago than they are kept, while this member is in charge of it. */
final class EventRetention implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(EventRetention.class.getName());

  private static final Duration INTERVAL = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final int MOST_AT_ONCE = 10_000;

  private final Database database;
  private final Duration keep;
  private final BooleanSupplier inCharge;
  private final InstantSource clock;
  private final EventTable table = new EventTable();
  private final Counter deleted;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  /**
   * Runs, unless events are kept for ever.
   *
   * @param keep zero for ever
   * @param inCharge whether this member is the one that deletes
   */
  EventRetention(
      Database database,
      Duration keep,
      BooleanSupplier inCharge,
      InstantSource clock,
      MeterRegistry meters) {
    this.database = database;
    this.keep = keep;
    this.inCharge = inCharge;
    this.clock = clock;
    this.deleted =
        Counter.builder("tidegrid.events.expired")
            .description("Events deleted because they are older than is kept")
            .register(meters);
    this.thread =
        Thread.ofPlatform().name("tidegrid-event-retention").daemon().unstarted(this::run);
    if (!keep.isZero()) {
      thread.start();
    }
  }

  private void run() {
    Duration pause = INTERVAL;
    try {
      while (!closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
        pause = INTERVAL;
        try {
          if (database.isConnected() && inCharge.getAsBoolean() && step() == MOST_AT_ONCE) {
            pause = PAUSE;
          }
        } catch (SQLException | RuntimeException e) {
          LOG.log(System.Logger.Level.DEBUG, "events are not deleted now: {0}", e.getMessage());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Deletes some; returns how many. */
  int step() throws SQLException {
    Instant before = clock.instant().minus(keep);
    try (Connection connection = database.connection()) {
      int gone = table.deleteReceivedBefore(connection, before, MOST_AT_ONCE);
      deleted.increment(gone);
      return gone;
    }
  }

  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
  }
}
