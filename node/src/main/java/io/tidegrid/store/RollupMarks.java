package io.tidegrid.store;

/**
 * The doors by which rollups see and clear the dirt of this member's shards. Changes reach the
 * owner and its backups before a call returns. Safe for use by many threads.
 */
public interface RollupMarks {

  /**
   * Returns what is dirty in a shard, a snapshot of now with its sequences.
   *
   * @throws ShardMovedException when this member does not own the shard
   */
  RollupDirt dirt(int shard);

  /**
   * Says that the figures of a block up to a sequence are stored: unless it was written to since,
   * it is clean, and the day it lies in is dirty.
   */
  void blockRolled(int shard, long blockStartMs, long throughSequence);

  /** Says the same of a day; it is clean unless a block of it was stored since. */
  void dayRolled(int shard, long dayStartMs, long throughSequence);

  /** Adds what the database has marked dirty, before the shard's directory is said to be whole. */
  void restoreDirt(int shard, RollupDirt marks);
}
