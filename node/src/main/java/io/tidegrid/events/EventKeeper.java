package io.tidegrid.events;

import io.tidegrid.persist.LocalEvents;
import io.tidegrid.persist.LocalEvents.Extent;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Without a database: lets the oldest events go, when they are too old or too many. */
final class EventKeeper implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(EventKeeper.class.getName());

  private static final long INTERVAL_MS = 1_000;
  private static final int TURNS_PER_LOOK_AT_AGE = 60;

  /** What is too much is brought down to this, so that not every turn has to look. */
  private static final double KEPT_SHARE = 0.9;

  private final LocalEvents events;
  private final EventOptions options;
  private final InstantSource clock;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  EventKeeper(LocalEvents events, EventOptions options, InstantSource clock) {
    this.events = events;
    this.options = options;
    this.clock = clock;
    this.thread = Thread.ofPlatform().name("tidegrid-event-keeper").daemon().start(this::run);
  }

  private void run() {
    int turns = 0;
    try {
      while (!closing.await(INTERVAL_MS, TimeUnit.MILLISECONDS)) {
        try {
          if (events.bytes() > options.memoryBytes() || ++turns % TURNS_PER_LOOK_AT_AGE == 0) {
            look();
          }
        } catch (RuntimeException e) {
          if (closing.getCount() > 0) {
            LOG.log(System.Logger.Level.WARNING, "events could not be looked through", e);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    List<Extent> all = new ArrayList<>();
    for (int shard = 0; shard < events.shards(); shard++) {
      all.addAll(events.extents(shard));
    }
    all.sort(Comparator.comparingLong(Extent::receivedMs));
    long oldest = clock.millis() - options.memoryRetention().toMillis();
    long bytes = events.bytes();
    long most = bytes > options.memoryBytes() ? (long) (options.memoryBytes() * KEPT_SHARE) : bytes;
    List<Extent> due = new ArrayList<>();
    for (Extent extent : all) {
      if (extent.receivedMs() >= oldest && bytes <= most) {
        break;
      }
      bytes -= extent.bytes();
      due.add(extent);
    }
    if (!due.isEmpty()) {
      events.evict(due.stream().map(Extent::key).toList());
    }
  }

  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
  }
}
