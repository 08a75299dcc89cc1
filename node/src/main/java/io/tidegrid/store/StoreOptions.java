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
 */
public record StoreOptions(
    int shards, int backupCount, Duration memoryRetention, Duration maxFuture, boolean database) {}
