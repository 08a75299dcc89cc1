package io.tidegrid.store;

import java.util.concurrent.CompletionStage;

/** Appends to shards, wherever their owners are. Safe for use by many threads. */
public interface ShardAppender {

  /** Returns the number of shards of the cluster. */
  int shards();

  /** Returns the key whose partition a shard is, for other maps' entries that belong to it. */
  int partitionKey(int shard);

  /**
   * Appends a batch. The stage completes with the owner's word when the owner and its synchronous
   * backups have it, on a thread of the grid that must not be blocked; or exceptionally, when it is
   * not known whether they have: then the same batch may be sent again.
   */
  CompletionStage<AppendOutcome> append(int shard, ShardBatch batch);

  /**
   * Appends a batch and puts it into the journal under the number it was given. Completes as {@link
   * #append} does, when the owner and its synchronous backups have both.
   */
  CompletionStage<AppendOutcome> write(int shard, ShardBatch batch);
}
