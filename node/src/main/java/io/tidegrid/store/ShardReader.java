package io.tidegrid.store;

import java.util.function.Function;

/**
 * Reads the shards that this member owns, off the partition threads. What was acknowledged before a
 * call is seen by it. Safe for use by many threads.
 */
public interface ShardReader {

  /** Returns the number of shards of the cluster. */
  int shards();

  /**
   * Runs a reading over a shard and returns its result.
   *
   * @throws ShardMovedException when this member does not own the shard, or ceased to during the
   *     reading; the result is then void and the owner has to be asked
   */
  <T> T read(int shard, Function<ShardView, T> reading);
}
