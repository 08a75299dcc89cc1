package io.tidegrid.alerting;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Tells one receiver outside. What is offered is sent at once, by a thread for each group that has
 * something, in order within the group, again and again until the receiver has it. The queue is
 * only the prompt: what of an alert a receiver knows stands in the grid, and who looks there finds
 * what a queue has lost. Safe for use by many threads.
 */
final class NotifyChannel implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(NotifyChannel.class.getName());

  private static final int AT_ONCE = 200;
  private static final int REQUESTS = 8;
  private static final int MAX_WAITING = 50_000;
  private static final int TRIES_WITH_REFUSED = 3;
  private static final long FIRST_PAUSE_MS = 100;
  private static final long LONGEST_PAUSE_MS = 15_000;

  private final String name;
  private final NotifySender sender;
  private final Habits habits;
  private final Semaphore requests = new Semaphore(REQUESTS);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Counter sent;
  private final Counter failed;
  private final Counter refused;
  private final Counter dropped;
  private final Timer requestTime;

  private final NotifyQueue queue = new NotifyQueue(MAX_WAITING);

  /**
   * What differs between receivers.
   *
   * @param group what is sent together, and in order
   * @param latestOnly whether of an alert only the newest needs to be told
   * @param body what is sent
   */
  record Habits(
      Function<NotifyItem, String> group,
      boolean latestOnly,
      Function<List<NotifyItem>, byte[]> body,
      Notes notes) {}

  /** What the channel asks, and says, of alerts. */
  interface Notes {

    /** Tells whether this member is to tell of the alert. */
    boolean isOurs(NotifyItem item);

    /** Tells whether a silence keeps it from being sent now. */
    boolean isSilenced(NotifyItem item);

    /** The receiver knows, or shall not know. */
    void told(List<NotifyItem> items);

    /** It is not sent because of a silence; who looks later may offer it again. */
    void withheld(NotifyItem item);
  }

  NotifyChannel(String name, NotifySender sender, Habits habits, MeterRegistry meters) {
    this.name = name;
    this.sender = sender;
    this.habits = habits;
    this.sent = counter(meters, "sent", "Notifications that a receiver took");
    this.failed = counter(meters, "failed", "Requests that a receiver did not take; sent again");
    this.refused = counter(meters, "refused", "Notifications that a receiver does not want");
    this.dropped =
        counter(meters, "dropped", "Changes overtaken by later ones while a receiver was away");
    this.requestTime =
        Timer.builder("tidegrid.alerts.notifications.requests")
            .description("Time that receivers take to answer")
            .tag("receiver", name)
            .register(meters);
    Gauge.builder("tidegrid.alerts.notifications.waiting", queue, NotifyQueue::size)
        .description("Notifications that wait for a receiver on this member")
        .tag("receiver", name)
        .register(meters);
    Gauge.builder("tidegrid.alerts.notifications.waiting.max", () -> MAX_WAITING)
        .description("How many may wait")
        .tag("receiver", name)
        .register(meters);
  }

  private Counter counter(MeterRegistry meters, String what, String description) {
    return Counter.builder("tidegrid.alerts.notifications." + what)
        .description(description)
        .tag("receiver", name)
        .register(meters);
  }

  /** Takes what is to be told; returns at once. */
  void offer(List<NotifyItem> items) {
    if (closing.getCount() == 0 || items.isEmpty()) {
      return;
    }
    Map<String, List<NotifyItem>> groups = new LinkedHashMap<>();
    for (NotifyItem item : items) {
      groups.computeIfAbsent(habits.group.apply(item), g -> new ArrayList<>()).add(item);
    }
    for (String group : queue.add(groups, habits.latestOnly)) {
      var _ = Thread.ofVirtual().name("tidegrid-notify-" + name).start(() -> send(group));
    }
    dropped.increment((double) queue.takeDropped());
  }

  private void send(String group) {
    long pause = FIRST_PAUSE_MS;
    int refusals = 0;
    boolean failing = false;
    try {
      while (true) {
        List<NotifyItem> batch = next(group);
        if (batch.isEmpty()) {
          return;
        }
        switch (post(batch)) {
          case NotifySender.Outcome.Taken() -> {
            done(group, batch);
            sent.increment(batch.size());
            pause = FIRST_PAUSE_MS;
            refusals = 0;
            failing = false;
          }
          case NotifySender.Outcome.Refused(String reason) -> {
            failed.increment();
            if (++refusals >= TRIES_WITH_REFUSED) {
              LOG.log(
                  System.Logger.Level.ERROR,
                  "the {0} at {1} does not want {2} notifications, which are given up: {3}",
                  name,
                  sender.place(),
                  batch.size(),
                  reason);
              refused.increment(batch.size());
              refusals = 0;
              done(group, batch);
            } else {
              pause = pause(pause);
            }
          }
          case NotifySender.Outcome.Failed(String reason) -> {
            failed.increment();
            if (!failing) {
              LOG.log(
                  System.Logger.Level.WARNING,
                  "the {0} at {1} could not be told of {2} alerts, which is tried again: {3}",
                  name,
                  sender.place(),
                  batch.size(),
                  reason);
            }
            failing = true;
            pause = pause(pause);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      queue.abandon(group);
    } catch (RuntimeException e) {
      queue.abandon(group);
      if (closing.getCount() > 0) {
        LOG.log(
            System.Logger.Level.WARNING, "telling the " + name + " failed, again in a while", e);
      }
    }
  }

  private NotifySender.Outcome post(List<NotifyItem> batch) throws InterruptedException {
    byte[] body = habits.body.apply(batch);
    requests.acquire();
    long start = System.nanoTime();
    try {
      return sender.post(body);
    } finally {
      requests.release();
      requestTime.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
    }
  }

  /** Returns what is to be sent next: of each alert one change. Without any the group is over. */
  private List<NotifyItem> next(String group) {
    while (true) {
      List<NotifyItem> batch = queue.peek(group, AT_ONCE);
      if (batch.isEmpty()) {
        return batch;
      }
      List<NotifyItem> unwanted = new ArrayList<>();
      for (NotifyItem item : batch) {
        if (!habits.notes.isOurs(item)) {
          unwanted.add(item);
        } else if (habits.notes.isSilenced(item)) {
          habits.notes.withheld(item);
          unwanted.add(item);
        }
      }
      queue.remove(group, unwanted);
      batch.removeAll(unwanted);
      if (!batch.isEmpty()) {
        return batch;
      }
    }
  }

  private void done(String group, List<NotifyItem> batch) {
    // Noted before it leaves the queue, so that who looks for what is left out finds it in one.
    habits.notes.told(batch);
    queue.remove(group, batch);
  }

  private long pause(long pauseMs) throws InterruptedException {
    // Half of it by chance, so that members do not come back all at once.
    long now = pauseMs / 2 + ThreadLocalRandom.current().nextLong(pauseMs / 2 + 1);
    if (closing.await(now, TimeUnit.MILLISECONDS)) {
      throw new InterruptedException("closing");
    }
    return Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }

  /** Sends nothing more; what is not told stands in the grid. */
  @Override
  public void close() {
    closing.countDown();
    sender.close();
  }
}
