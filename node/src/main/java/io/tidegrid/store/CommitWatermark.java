package io.tidegrid.store;

/**
 * Tells the store what has been committed elsewhere, so that memory may forget it. Safe for use by
 * many threads; answers from memory, without asking the database.
 */
@FunctionalInterface
public interface CommitWatermark {

  /**
   * Returns whether every batch of a shard up to a sequence is committed.
   *
   * @param shard a shard that this member owns
   * @param sequence epoch shifted left by 32 bits, plus the number of the batch
   */
  boolean isCommitted(int shard, long sequence);
}
