package io.tidegrid.store;

import java.time.Duration;

/**
 * How the store behaves.
 *
 * @param shards the number of shards, which is the cluster's partition count
 * @param backupCount synchronous copies of each shard on other members, from 0 to 6
 * @param memoryRetention how far back memory keeps samples
 * @param maxFuture how far after now a sample may lie
 * @param database whether there is a database, so that an empty shard is not a whole one
 * @param maxMemory bytes of heap that all copies of shards on this member may take before the
 *     oldest blocks leave, 0 for 45 % of the maximum heap, which is the default
 */
public record StoreOptions(
    int shards,
    int backupCount,
    Duration memoryRetention,
    Duration maxFuture,
    boolean database,
    long maxMemory) {

  private static final double DEFAULT_SHARE_OF_HEAP = 0.45;

  /** The defaults for what is not named. */
  public StoreOptions(
      int shards, int backupCount, Duration memoryRetention, Duration maxFuture, boolean database) {
    this(shards, backupCount, memoryRetention, maxFuture, database, 0);
  }

  /** Returns the bound in bytes, worked out. */
  public long maxMemoryBytes() {
    return maxMemory > 0
        ? maxMemory
        : (long) (Runtime.getRuntime().maxMemory() * DEFAULT_SHARE_OF_HEAP);
  }
}
