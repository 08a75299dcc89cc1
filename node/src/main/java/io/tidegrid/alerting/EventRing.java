package io.tidegrid.alerting;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.ringbuffer.OverflowPolicy;
import com.hazelcast.ringbuffer.ReadResultSet;
import com.hazelcast.ringbuffer.Ringbuffer;
import io.tidegrid.grid.Announcement;
import io.tidegrid.grid.GridNames;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The ring of announcements: one order for the whole cluster. A thread of each member reads it and
 * hands on what it reads; a stream that resumes reads for itself until it has caught up with that
 * thread.
 */
final class EventRing implements AlertStreams {

  private static final System.Logger LOG = System.getLogger(EventRing.class.getName());

  static final int CAPACITY = 100_000;

  private static final int READ_AT_ONCE = 500;
  private static final int ADD_AT_ONCE = 500;
  private static final long ADD_SECONDS = 30;
  private static final long READ_SECONDS = 20;
  private static final long PAUSE_MS = 200;
  private static final int RADIX = 36;

  private final HazelcastInstance hazelcast;
  private final Ringbuffer<Announcement> ring;
  private final IMap<String, Long> meta;
  private final InstantSource clock;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread reader;

  /** Guards what follows. */
  private final ReentrantLock lock = new ReentrantLock();

  private final List<Stream> live = new ArrayList<>();
  private long next = -1;
  private String incarnation = "";

  EventRing(HazelcastInstance hazelcast, InstantSource clock) {
    this.hazelcast = hazelcast;
    this.ring = hazelcast.getRingbuffer(GridNames.ALERT_EVENTS);
    this.meta = hazelcast.getMap(GridNames.ALERT_META);
    this.clock = clock;
    this.reader = Thread.ofPlatform().daemon().name("tidegrid-alert-ring").unstarted(this::run);
  }

  /** Begins to hand on what is announced from now on. */
  void start() {
    begin();
    reader.start();
  }

  /**
   * Announces, in order, and returns when owner and backup have it.
   *
   * @throws IllegalStateException when the grid cannot take it now; some of it may be announced
   */
  void announce(List<Announcement> announcements) {
    for (int from = 0; from < announcements.size(); from += ADD_AT_ONCE) {
      List<Announcement> some =
          announcements.subList(from, Math.min(announcements.size(), from + ADD_AT_ONCE));
      try {
        Long ignored =
            ring.addAllAsync(some, OverflowPolicy.OVERWRITE)
                .toCompletableFuture()
                .get(ADD_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted before alerts were announced", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IllegalStateException("alerts could not be announced now", e);
      }
    }
  }

  private void begin() {
    String name = Long.toString(nameOfRing(), RADIX);
    long tail = ring.tailSequence();
    lock.lock();
    try {
      incarnation = name;
      next = tail + 1;
    } finally {
      lock.unlock();
    }
  }

  /** The name lies in the partition of the ring, and is lost with it. */
  private long nameOfRing() {
    Long known = meta.get(GridNames.ALERT_EVENTS);
    if (known != null) {
      return known;
    }
    long own = clock.millis();
    Long others = meta.putIfAbsent(GridNames.ALERT_EVENTS, own);
    return others == null ? own : others;
  }

  private void run() {
    while (closing.getCount() > 0) {
      try {
        ReadResultSet<Announcement> read =
            ring.readManyAsync(next, 1, READ_AT_ONCE, null).toCompletableFuture().get();
        take(read);
      } catch (InterruptedException e) {
        return;
      } catch (ExecutionException | RuntimeException e) {
        if (closing.getCount() == 0 || !hazelcast.getLifecycleService().isRunning()) {
          return;
        }
        LOG.log(System.Logger.Level.DEBUG, "announcements could not be read, again soon", e);
        pause();
      }
    }
  }

  private void pause() {
    try {
      boolean ignored = closing.await(PAUSE_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing.countDown();
    }
  }

  private void take(ReadResultSet<Announcement> read) {
    if (read.size() == 0) {
      return;
    }
    long first = read.getSequence(0);
    if (first < next) {
      // The members that had the ring are gone, and it began anew.
      long name = nameOfRing();
      lock.lock();
      try {
        incarnation = Long.toString(name, RADIX);
        live.forEach(stream -> stream.from = 0);
        next = first;
      } finally {
        lock.unlock();
      }
      everybody().forEach(stream -> stream.receiver.missed(-1));
    } else if (first > next) {
      long lost = first - next;
      everybody().forEach(stream -> stream.receiver.missed(lost));
    }
    List<Stream> targets;
    lock.lock();
    try {
      targets = List.copyOf(live);
      next = read.getSequence(read.size() - 1) + 1;
    } finally {
      lock.unlock();
    }
    if (targets.isEmpty()) {
      return;
    }
    targets.forEach(stream -> deliver(stream, read, stream.from));
  }

  private List<Stream> everybody() {
    lock.lock();
    try {
      return List.copyOf(live);
    } finally {
      lock.unlock();
    }
  }

  private void deliver(Stream stream, ReadResultSet<Announcement> read, long from) {
    List<AlertEvent> events = new ArrayList<>();
    for (int i = 0; i < read.size(); i++) {
      Announcement announcement = read.get(i);
      if (read.getSequence(i) >= from && announcement.tenant().equals(stream.tenant)) {
        events.add(event(read.getSequence(i), announcement));
      }
    }
    if (!events.isEmpty() && !stream.closed) {
      try {
        stream.receiver.deliver(events);
      } catch (RuntimeException e) {
        LOG.log(
            System.Logger.Level.WARNING, "a stream of alerts did not take what it asked for", e);
      }
    }
  }

  private AlertEvent event(long sequence, Announcement announcement) {
    String id = incarnation + "-" + sequence;
    return announcement
        .alert()
        .<AlertEvent>map(alert -> new AlertEvent.Changed(id, alert))
        .orElseGet(() ->
            new AlertEvent.Breached(
                id,
                announcement.tenant(),
                announcement.ruleId(),
                announcement.labels(),
                announcement.timeMs(),
                announcement.value()));
  }

  // ---- streams

  private final class Stream implements AlertStream {

    private final String tenant;
    private final AlertReceiver receiver;

    /** Nothing before this sequence is for it. */
    private volatile long from;

    private volatile boolean closed;

    Stream(String tenant, AlertReceiver receiver, long from) {
      this.tenant = tenant;
      this.receiver = receiver;
      this.from = from;
    }

    @Override
    public void close() {
      closed = true;
      lock.lock();
      try {
        boolean ignored = live.remove(this);
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public AlertStream open(String tenant, String lastEventId, AlertReceiver receiver) {
    long head;
    long tail;
    try {
      head = ring.headSequence();
      tail = ring.tailSequence();
    } catch (RuntimeException e) {
      throw new TidegridException(
          ErrorCode.NOT_READY,
          "the stream of alerts cannot be opened now: try again",
          List.of(),
          Duration.ofSeconds(1),
          e);
    }
    long from = tail + 1;
    if (!lastEventId.isEmpty()) {
      OptionalLong last = sequence(lastEventId);
      if (last.isEmpty() || last.getAsLong() > tail || last.getAsLong() < 0) {
        receiver.missed(-1);
      } else {
        from = Math.max(head, last.getAsLong() + 1);
        if (from > last.getAsLong() + 1) {
          receiver.missed(from - last.getAsLong() - 1);
        }
      }
    }
    Stream stream = new Stream(tenant, receiver, from);
    if (!join(stream)) {
      var _ = Thread.ofVirtual().name("tidegrid-alert-resume").start(() -> catchUp(stream));
    }
    return stream;
  }

  /** Returns the sequence that an id names; empty when it is of another ring, or none. */
  private OptionalLong sequence(String id) {
    int dash = id.lastIndexOf('-');
    String ring;
    lock.lock();
    try {
      ring = incarnation;
    } finally {
      lock.unlock();
    }
    if (dash < 0 || !id.substring(0, dash).equals(ring)) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(id.substring(dash + 1)));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /** Lets the member's thread go on with it, unless that thread is ahead. */
  private boolean join(Stream stream) {
    lock.lock();
    try {
      if (stream.closed) {
        return true;
      }
      if (stream.from < next) {
        return false;
      }
      return live.add(stream);
    } finally {
      lock.unlock();
    }
  }

  private void catchUp(Stream stream) {
    try {
      while (!join(stream)) {
        long wanted = stream.from;
        Optional<ReadResultSet<Announcement>> read = read(wanted);
        if (read.isEmpty()) {
          continue;
        }
        long first = read.get().getSequence(0);
        if (first > wanted) {
          stream.receiver.missed(first - wanted);
        } else if (first < wanted) {
          // The ring began anew while this one was catching up.
          stream.receiver.missed(-1);
        }
        deliver(stream, read.get(), Math.min(first, wanted));
        stream.from = read.get().getSequence(read.get().size() - 1) + 1;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Optional<ReadResultSet<Announcement>> read(long from) throws InterruptedException {
    try {
      return Optional.of(
              ring.readManyAsync(from, 1, READ_AT_ONCE, null)
                  .toCompletableFuture()
                  .get(READ_SECONDS, TimeUnit.SECONDS))
          .filter(read -> read.size() > 0);
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      LOG.log(System.Logger.Level.DEBUG, "a stream of alerts could not catch up yet", e);
      if (closing.await(PAUSE_MS, TimeUnit.MILLISECONDS)) {
        throw new InterruptedException("closing");
      }
      return Optional.empty();
    }
  }

  /** Hands on nothing more. */
  void close() {
    closing.countDown();
    reader.interrupt();
  }
}
