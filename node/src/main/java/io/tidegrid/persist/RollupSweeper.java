package io.tidegrid.persist;

import io.tidegrid.grid.RollupKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Evicts rollups that no write-behind queue holds any more, as happens when a backup that forgot
 * its queue becomes the owner. They need not be stored: their spans are dirty and computed again.
 */
final class RollupSweeper implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(RollupSweeper.class.getName());

  /** Since when each entry is known to be there. */
  private final Map<LocalRollups.Entry, Long> seen = new HashMap<>();

  private final LocalRollups rollups;
  private final RollupStore store;
  private final Duration age;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  /**
   * A sweeper that runs.
   *
   * @param age how long an entry may lie there unqueued
   */
  RollupSweeper(LocalRollups rollups, RollupStore store, Duration age) {
    this.rollups = rollups;
    this.store = store;
    this.age = age;
    this.thread = Thread.ofPlatform().name("tidegrid-rollup-sweep").daemon().start(this::run);
  }

  private void run() {
    try {
      while (!closing.await(age.toMillis() / 6, TimeUnit.MILLISECONDS)) {
        try {
          sweep();
        } catch (RuntimeException e) {
          if (closing.getCount() > 0) {
            LOG.log(System.Logger.Level.WARNING, "the sweep of rollups failed, again later", e);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sweep() {
    long now = System.nanoTime();
    Map<LocalRollups.Entry, Long> present = new HashMap<>();
    Map<RollupKey, Long> due = new HashMap<>();
    for (int partition = 0; partition < rollups.partitions(); partition++) {
      for (LocalRollups.Entry entry : rollups.scan(partition)) {
        if (entry.queued() || store.isInFlight(entry.key())) {
          continue;
        }
        long since = seen.getOrDefault(entry, now);
        present.put(entry, since);
        if (now - since >= age.toNanos()) {
          due.put(entry.key(), entry.sequence());
        }
      }
    }
    seen.clear();
    seen.putAll(present);
    if (!due.isEmpty()) {
      rollups.evictAt(due);
      LOG.log(
          System.Logger.Level.INFO,
          "swept {0} rollups that no write-behind queue held",
          due.size());
    }
  }

  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
  }
}
