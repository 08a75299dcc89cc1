package io.tidegrid.live;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Batches on their way to one consumer, bounded by samples: beyond the bound the oldest go, and are
 * counted by filter, so that those who asked can be told. Safe for use by many threads.
 */
final class BatchQueue {

  /**
   * What is taken at once.
   *
   * @param batches in order
   * @param lost for filters, how many of their samples were given up since the last time
   */
  record Taken(List<LiveBatch> batches, Map<Integer, Long> lost) {}

  private final int maxSamples;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition notEmpty = lock.newCondition();
  private final Deque<LiveBatch> batches = new ArrayDeque<>();
  private Map<Integer, Long> lost = new HashMap<>();
  private int samples;
  private boolean closed;

  BatchQueue(int maxSamples) {
    this.maxSamples = maxSamples;
  }

  void add(LiveBatch batch) {
    lock.lock();
    try {
      batches.add(batch);
      samples += batch.size();
      while (samples > maxSamples && batches.size() > 1) {
        LiveBatch oldest = batches.remove();
        samples -= oldest.size();
        oldest.count(lost);
      }
      notEmpty.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Takes note of samples that were given up elsewhere. */
  void addLost(Map<Integer, Long> more) {
    if (more.isEmpty()) {
      return;
    }
    lock.lock();
    try {
      more.forEach((filter, count) -> lost.merge(filter, count, Long::sum));
      notEmpty.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is something, and takes all of it; nothing once closed. */
  Taken take() throws InterruptedException {
    lock.lock();
    try {
      while (batches.isEmpty() && lost.isEmpty() && !closed) {
        notEmpty.await();
      }
      Taken taken = new Taken(new ArrayList<>(batches), lost);
      batches.clear();
      samples = 0;
      lost = new HashMap<>();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      notEmpty.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }
}
