package io.tidegrid.live;

import com.hazelcast.cluster.Member;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Keeps another member informed of this one's filters: sends what changed since it last confirmed,
 * or everything when it knows something else, and tries again until it confirms.
 */
final class Peer {

  private static final long RETRY_MS = 100;

  private final Member member;
  private final Supplier<FilterUpdate> filters;
  private final Calls calls;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Condition confirmed = lock.newCondition();
  private long wanted;
  private long confirmedVersion;
  private boolean closed;

  /** What the other member knows, as far as this one knows; only the sending thread touches it. */
  private Map<Integer, LiveFilter> known = Map.of();

  private long knownVersion;

  /**
   * @param filters returns all filters of this member
   */
  Peer(Member member, Supplier<FilterUpdate> filters, Calls calls) {
    this.member = member;
    this.filters = filters;
    this.calls = calls;
  }

  void start() {
    Thread.ofVirtual().name("tidegrid-live-announce-" + member.getAddress()).start(this::run);
  }

  /** Sees to it that the other member learns of a version. */
  void want(long version) {
    lock.lock();
    try {
      wanted = Math.max(wanted, version);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the other member knows a version, is gone, or the time is over. */
  void await(long version, long deadlineNanos) throws InterruptedException {
    lock.lock();
    try {
      long left = deadlineNanos - System.nanoTime();
      while (confirmedVersion < version && !closed && left > 0) {
        left = confirmed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      confirmed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      while (awaitWork()) {
        if (!announce()) {
          pause();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean awaitWork() throws InterruptedException {
    lock.lock();
    try {
      while (!closed && wanted <= confirmedVersion) {
        changed.await();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private void pause() throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(RETRY_MS);
  }

  private boolean announce() throws InterruptedException {
    FilterUpdate all = filters.get();
    Map<Integer, LiveFilter> added = new HashMap<>(all.added());
    known.keySet().forEach(added::remove);
    Set<Integer> removed = new HashSet<>(known.keySet());
    removed.removeAll(all.added().keySet());
    FilterUpdate update =
        knownVersion == 0
            ? all
            : new FilterUpdate(all.member(), knownVersion, all.toVersion(), added, removed);
    long answer = calls.ask(new AnnounceTask(update), member).orElse(AnnounceTask.NOT_READY);
    if (answer != update.toVersion()) {
      known = Map.of();
      knownVersion = 0;
      return false;
    }
    known = all.added();
    knownVersion = answer;
    lock.lock();
    try {
      confirmedVersion = answer;
      confirmed.signalAll();
    } finally {
      lock.unlock();
    }
    return true;
  }
}
