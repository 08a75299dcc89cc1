package io.tidegrid.store;

/**
 * The doors by which rollups see and clear the dirt of this member's shards. Changes reach the
 * owner and its backups before a call returns. Safe for use by many threads.
 */
public interface RollupMarks {

  /**
   * Returns what is dirty in a shard, a snapshot of now with its sequences. All samples of a batch
   * of such a sequence that memory keeps can be read by then; those of a batch that memory does not
   * keep are in the database once that sequence is committed. Linear in what is dirty, takes no
   * lock.
   *
   * @throws ShardMovedException when this member does not own the shard, or when the shard lost its
   *     state and its marks are not back from the database ({@link ShardView#directoryWhole} is
   *     false): then nobody knows what is dirty
   */
  RollupDirt dirt(int shard);

  /**
   * Says that the figures of a block with all batches up to a sequence are stored: unless it was
   * written to since, it is clean. The day (in UTC) it lies in is dirty from then on with that
   * sequence, whether the block is clean or not.
   */
  void blockRolled(int shard, long blockStartMs, long throughSequence);

  /**
   * Says the same of a day; it is clean unless a block of it was stored with a later sequence.
   *
   * <p>That tells blocks stored since only if no block of the day was dirty when the sequence was
   * read, as in {@link RollupDirt#daysToRoll}: a block that is written to afterwards has a later
   * sequence than all before, one that waits to be computed may have an earlier one.
   */
  void dayRolled(int shard, long dayStartMs, long throughSequence);

  /** Adds what the database has marked dirty, before the shard's directory is said to be whole. */
  void restoreDirt(int shard, RollupDirt marks);
}
