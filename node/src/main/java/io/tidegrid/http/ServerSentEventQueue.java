package io.tidegrid.http;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What waits to be written to one client of server-sent events. Announcements are bounded and never
 * left out. Safe for use by many threads.
 */
final class ServerSentEventQueue {

  /** What is written at once. */
  private static final int MAX_TAKEN_BYTES = 32 << 10;

  /**
   * What is to be written next.
   *
   * @param messages in order; empty when there were none for a while, or it is the end
   * @param last what ends the stream, to be written after the messages; empty for nothing
   * @param end whether the stream ends
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Taken(List<byte[]> messages, byte[] last, boolean end) {}

  private static final byte[] NOTHING = {};

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final WaitingAlerts waiting;
  private byte[] last = NOTHING;
  private boolean closed;

  ServerSentEventQueue(int maxMessages, long maxBytes) {
    this.waiting = new WaitingAlerts(maxMessages, maxBytes);
  }

  /** Adds a message; false when there is no room. After the end it is of no account. */
  boolean add(byte[] message) {
    lock.lock();
    try {
      if (closed) {
        return true;
      }
      changed.signal();
      return waiting.add(message);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends the queue with some last words, after what waits already; only the first end counts.
   *
   * @return whether this is the first
   */
  boolean close(byte[] words) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
      last = words.clone();
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the queue of a client that is gone. */
  void abandon() {
    lock.lock();
    try {
      closed = true;
      waiting.clear();
      last = NOTHING;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is something to write, or for so long. */
  Taken take(Duration patience) throws InterruptedException {
    lock.lock();
    try {
      long left = patience.toNanos();
      while (waiting.isEmpty() && !closed && left > 0) {
        left = changed.awaitNanos(left);
      }
      List<byte[]> messages = waiting.take(MAX_TAKEN_BYTES);
      boolean end = closed && waiting.isEmpty();
      return new Taken(messages, end ? last : NOTHING, end);
    } finally {
      lock.unlock();
    }
  }
}
