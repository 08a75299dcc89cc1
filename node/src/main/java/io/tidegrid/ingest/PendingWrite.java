package io.tidegrid.ingest;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A caller waiting for the slices of its batch. */
final class PendingWrite {

  private final CountDownLatch open;
  private final AtomicReference<TidegridException> failure = new AtomicReference<>();
  private final boolean wantsEntries;
  private final Map<JournalKey, JournalBatch> entries = new ConcurrentHashMap<>();

  /**
   * @param slices how many slices must be done
   * @param wantsEntries whether the caller goes on to commit the journal entries itself
   */
  PendingWrite(int slices, boolean wantsEntries) {
    this.open = new CountDownLatch(slices);
    this.wantsEntries = wantsEntries;
  }

  boolean wantsEntries() {
    return wantsEntries;
  }

  void done() {
    open.countDown();
  }

  void done(JournalKey key, JournalBatch batch) {
    entries.put(key, batch);
    open.countDown();
  }

  void failed(TidegridException error) {
    failure.compareAndSet(null, error);
    open.countDown();
  }

  /** Waits for all slices and returns the journal entries, if they were asked for. */
  Map<JournalKey, JournalBatch> await(Duration timeout) {
    try {
      if (!open.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw TidegridException.retryable(
            ErrorCode.NOT_READY,
            "the write was not confirmed within "
                + timeout.toSeconds()
                + " s; send the same batch again",
            Duration.ofSeconds(1));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw TidegridException.retryable(
          ErrorCode.NOT_READY,
          "the node is stopping; send the same batch again",
          Duration.ofSeconds(1));
    }
    TidegridException error = failure.get();
    if (error != null) {
      throw error;
    }
    return entries;
  }
}
