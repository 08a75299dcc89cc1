package io.tidegrid.events;

import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.persist.EventArchive;
import java.time.Duration;
import java.util.Map;

/** What events need of a database. Safe for use by many threads. */
public interface EventCommits {

  /** Returns what reads events from it. */
  EventArchive archive();

  /**
   * Returns when the batches are committed.
   *
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY} when that takes longer than
   *     {@link #commitTimeout}
   */
  void commit(Map<JournalKey, EventBatch> batches);

  /** Returns how long a commit is waited for. */
  Duration commitTimeout();

  /** Tells whether too much waits for it, so that nothing more can be taken. */
  boolean isFull();

  /** Returns by how many milliseconds to delay each write, so that it keeps up. */
  long paceMs();
}
