package io.tidegrid.alert;

import io.tidegrid.live.AppendedSamples;
import io.tidegrid.live.SampleTap;
import io.tidegrid.model.AlertState;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a member's shards take, on its way to be judged, and what the judging thread is told beside.
 * Bounded by samples: what comes beyond is dropped here, noticed by its sequence, and read from
 * memory. Closed while there is no rule. While nobody judges, as before the job has started, what
 * comes waits: a rule may be made, and a sample sent, the moment the node answers. Safe for use by
 * many threads.
 */
public final class AlertFeed implements SampleTap, AlertControl {

  private static final int AT_ONCE = 4096;

  /** What the judging thread takes. */
  sealed interface Item {}

  /** A batch and when it came, by {@link System#nanoTime}. */
  record Arrival(AppendedSamples samples, long nanos) implements Item {}

  /** A change by somebody else. */
  record Changed(int shard, AlertState now) implements Item {}

  /** Something to be done by the judging thread. */
  record Call(Runnable task) implements Item {}

  private final RuleBook rules;
  private final long maxWaiting;
  private final LinkedBlockingQueue<Item> items = new LinkedBlockingQueue<>();
  private final AtomicLong waiting = new AtomicLong();
  private final AtomicLong overflowed = new AtomicLong();
  private final Set<Integer> incomplete = ConcurrentHashMap.newKeySet();

  /** Who takes what comes; null for nobody. */
  private volatile Object consumer;

  private volatile boolean ended;

  /**
   * @param maxWaitingSamples how many samples may wait to be judged
   */
  public AlertFeed(RuleBook rules, long maxWaitingSamples) {
    this.rules = rules;
    this.maxWaiting = maxWaitingSamples;
  }

  @Override
  public boolean isOpen() {
    return !ended && !rules.current().rules().isEmpty();
  }

  @Override
  public void appended(AppendedSamples samples) {
    if (waiting.addAndGet(samples.size()) > maxWaiting) {
      waiting.addAndGet(-samples.size());
      overflow(samples);
      return;
    }
    items.add(new Arrival(samples, System.nanoTime()));
  }

  /** Drops a batch. */
  void overflow(AppendedSamples samples) {
    overflowed.addAndGet(samples.size());
    incomplete.add(samples.shard());
  }

  @Override
  public void changedElsewhere(int shard, AlertState now) {
    if (consumer != null) {
      items.add(new Changed(shard, now));
    }
  }

  // ---- the judging thread

  /** Shows nothing any more: the member takes no more part. */
  synchronized void end() {
    ended = true;
    List<Item> dropped = new ArrayList<>();
    int ignored = items.drainTo(dropped);
    release(dropped);
  }

  /** Begins to take: batches that wait, and what comes. Whoever took before gets no more. */
  synchronized void attach(Object taker) {
    consumer = taker;
    // What the last one was told or asked for means nothing to this one.
    items.removeIf(item -> !(item instanceof Arrival));
  }

  @SuppressWarnings("ReferenceEquality") // the same taker, not one like it
  synchronized void detach(Object taker) {
    if (consumer == taker) {
      consumer = null;
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same taker, not one like it
  boolean isTakenBy(Object taker) {
    return consumer == taker;
  }

  /** Has the judging thread do something, as long as it is the one that takes. */
  void post(Object taker, Runnable task) {
    if (isTakenBy(taker)) {
      items.add(new Call(task));
    }
  }

  /** Waits until there is something, at most for some time, and takes much of it, in order. */
  List<Item> take(long timeoutNanos) throws InterruptedException {
    Item first = items.poll(timeoutNanos, TimeUnit.NANOSECONDS);
    if (first == null) {
      return List.of();
    }
    List<Item> taken = new ArrayList<>();
    taken.add(first);
    int ignored = items.drainTo(taken, AT_ONCE - 1);
    release(taken);
    return taken;
  }

  private void release(List<Item> taken) {
    long samples = 0;
    for (Item item : taken) {
      samples += item instanceof Arrival arrival ? arrival.samples.size() : 0;
    }
    waiting.addAndGet(-samples);
  }

  boolean isIdle() {
    return items.isEmpty() && incomplete.isEmpty();
  }

  /** Returns how many samples wait. */
  long waitingSamples() {
    return waiting.get();
  }

  /** Returns how many samples were dropped since the last call. */
  long takeOverflowed() {
    return overflowed.getAndSet(0);
  }

  /** Returns the shards of which batches were dropped since the last call. */
  Set<Integer> takeIncomplete() {
    if (incomplete.isEmpty()) {
      return Set.of();
    }
    Set<Integer> taken = Set.copyOf(incomplete);
    incomplete.removeAll(taken);
    return taken;
  }
}
