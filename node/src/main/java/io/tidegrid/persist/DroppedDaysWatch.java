package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Looks from time to time of which days retention has dropped samples, on whatever member. */
final class DroppedDaysWatch implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(DroppedDaysWatch.class.getName());

  private static final Duration FIRST_INTERVAL = Duration.ofMillis(250);
  private static final Duration INTERVAL = Duration.ofSeconds(15);

  private final Database database;
  private final DroppedDays days;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  DroppedDaysWatch(Database database, DroppedDays days) {
    this.database = database;
    this.days = days;
    this.thread = Thread.ofPlatform().name("tidegrid-dropped-days").daemon().start(this::run);
  }

  private void run() {
    boolean known = false;
    try {
      do {
        known = look() || known;
      } while (!closing.await(
          (known ? INTERVAL : FIRST_INTERVAL).toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean look() {
    if (!database.isConnected()) {
      return false;
    }
    try (Connection connection = database.connection()) {
      days.refresh(connection);
      return true;
    } catch (SQLException | RuntimeException e) {
      LOG.log(System.Logger.Level.DEBUG, "dropped days not looked at now: {0}", e.getMessage());
      return false;
    }
  }

  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
  }
}
