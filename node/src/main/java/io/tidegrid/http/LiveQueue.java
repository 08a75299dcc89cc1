package io.tidegrid.http;

import io.tidegrid.live.LiveSample;
import io.tidegrid.model.Labels;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * What waits to be written to one client. Samples are bounded in number and bytes: when they reach
 * a bound, only the newest of each series is kept until the client has caught up, and if that is
 * still too much the series that wait longest go. What is dropped is counted and told. Alerts have
 * bounds of their own, go before samples, and are never dropped. Other frames are few and go first.
 * Safe for use by many threads.
 */
final class LiveQueue {

  /** Answers and pongs that may wait; a client that causes more does not read. */
  private static final int MAX_FRAMES = 64;

  /** What is written at once; little, so that what waits can still be replaced by newer. */
  private static final int MAX_TAKEN_BYTES = 32 << 10;

  private static final int MAX_TAKEN_SAMPLES = 512;

  /**
   * What is to be written next.
   *
   * @param frames whole frames, to be written first
   * @param alerts whole frames with alerts, in order, to be written next
   * @param dropped samples that were dropped since the client was last told
   * @param samples in order
   * @param close the frame that ends the connection, to be written last; empty when it goes on
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Taken(
      List<byte[]> frames,
      List<byte[]> alerts,
      long dropped,
      List<LiveSample> samples,
      byte[] close) {}

  private static final byte[] OPEN = {};

  private final int maxSamples;
  private final long maxBytes;
  private final Function<LiveSample, byte[]> renderer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition notEmpty = lock.newCondition();
  private final Deque<byte[]> frames = new ArrayDeque<>();
  private final WaitingAlerts alerts;
  private final Deque<LiveSample> samples = new ArrayDeque<>();

  /** In use instead of {@link #samples} while the client lags. */
  private final Map<Labels, LiveSample> newest = new LinkedHashMap<>();

  private long bytes;
  private long dropped;
  private byte[] close = OPEN;

  /**
   * @param maxSamples samples that may wait, and alerts that may
   * @param maxBytes bytes of samples that may wait, and bytes of alerts that may
   */
  LiveQueue(int maxSamples, long maxBytes, Function<LiveSample, byte[]> renderer) {
    this.maxSamples = maxSamples;
    this.maxBytes = maxBytes;
    this.renderer = renderer;
    this.alerts = new WaitingAlerts(maxSamples, maxBytes);
  }

  /**
   * Adds a frame that is not dropped.
   *
   * @return false when too many wait
   */
  boolean addFrame(byte[] frame) {
    lock.lock();
    try {
      if (close.length > 0) {
        return true;
      }
      if (frames.size() >= MAX_FRAMES) {
        return false;
      }
      frames.add(frame);
      notEmpty.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds a frame with an alert.
   *
   * @return false when there is no room
   */
  boolean addAlert(byte[] frame) {
    lock.lock();
    try {
      notEmpty.signal();
      return close.length > 0 || alerts.add(frame);
    } finally {
      lock.unlock();
    }
  }

  /** Adds samples and returns how many were dropped for it. */
  long addSamples(List<LiveSample> more) {
    lock.lock();
    try {
      if (close.length > 0) {
        return 0;
      }
      long before = dropped;
      for (LiveSample sample : more) {
        add(sample, sample.rendered(renderer).length);
      }
      notEmpty.signal();
      return dropped - before;
    } finally {
      lock.unlock();
    }
  }

  private void add(LiveSample sample, int length) {
    if (newest.isEmpty() && !isFull(1, length)) {
      samples.add(sample);
      bytes += length;
      return;
    }
    while (!samples.isEmpty()) {
      keepNewest(samples.remove());
    }
    bytes += length;
    keepNewest(sample);
    Iterator<LiveSample> oldest = newest.values().iterator();
    while (isFull(0, 0) && newest.size() > 1) {
      bytes -= oldest.next().rendered(renderer).length;
      oldest.remove();
      dropped++;
    }
  }

  private boolean isFull(int moreSamples, int moreBytes) {
    return samples.size() + newest.size() + moreSamples > maxSamples
        || bytes + moreBytes > maxBytes;
  }

  private void keepNewest(LiveSample sample) {
    LiveSample before = newest.put(sample.labels(), sample);
    if (before != null) {
      bytes -= before.rendered(renderer).length;
      dropped++;
    }
  }

  /** Takes note of samples that were dropped before they came here. */
  void addDropped(long count) {
    lock.lock();
    try {
      dropped += count;
      notEmpty.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends the queue with a frame, which follows what else is not a sample; only the first counts.
   */
  boolean close(byte[] frame) {
    lock.lock();
    try {
      if (close.length > 0) {
        return false;
      }
      close = frame;
      samples.clear();
      newest.clear();
      bytes = 0;
      dropped = 0;
      notEmpty.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is something to write and takes some of it. */
  Taken take() throws InterruptedException {
    lock.lock();
    try {
      while (frames.isEmpty()
          && alerts.isEmpty()
          && samples.isEmpty()
          && newest.isEmpty()
          && dropped == 0
          && close.length == 0) {
        notEmpty.await();
      }
      List<byte[]> takenFrames = new ArrayList<>(frames);
      frames.clear();
      List<LiveSample> takenSamples = new ArrayList<>();
      takeFrom(samples.iterator(), takenSamples);
      takeFrom(newest.values().iterator(), takenSamples);
      List<byte[]> takenAlerts = alerts.take(MAX_TAKEN_BYTES);
      // The end comes after all alerts, which may take several turns.
      byte[] end = alerts.isEmpty() ? close : OPEN;
      Taken taken = new Taken(takenFrames, takenAlerts, dropped, takenSamples, end);
      dropped = 0;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void takeFrom(Iterator<LiveSample> waiting, List<LiveSample> taken) {
    long takenBytes = 0;
    while (waiting.hasNext() && taken.size() < MAX_TAKEN_SAMPLES && takenBytes < MAX_TAKEN_BYTES) {
      LiveSample sample = waiting.next();
      waiting.remove();
      taken.add(sample);
      int length = sample.rendered(renderer).length;
      takenBytes += length;
      bytes -= length;
    }
  }
}
