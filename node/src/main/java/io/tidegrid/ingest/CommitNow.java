package io.tidegrid.ingest;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.util.Map;

/** Commits journal entries in the database, for writes that wait for it. */
@FunctionalInterface
public interface CommitNow {

  /**
   * Returns when the entries are committed, each once, whoever else stores them at the same time.
   *
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY} when that cannot be done now;
   *     the entries stay in the journal and are committed later
   */
  void commit(Map<JournalKey, JournalBatch> entries);
}
