package io.tidegrid.store;

import java.util.Optional;

/**
 * Reads whole blocks of this member's shards, open ones too, off the partition threads. Safe for
 * use by many threads.
 */
public interface BlockReader {

  /** What memory has of one block of one shard. */
  interface BlockContent {

    /** Tells whether that is everything there is, so that the database need not be asked. */
    boolean isWhole();

    /**
     * Returns the sequence of the shard at a moment before anything was read: the samples of every
     * batch up to it that memory keeps are in what {@link #forEach} hands over.
     */
    long throughSequence();

    /**
     * Returns the ids of all series of the shard, whether they have samples in the block or not.
     */
    long[] seriesIds();

    /**
     * Hands over each series that has samples in the block, with them in ascending order of time,
     * each time once. The buffer is only valid during the call.
     */
    void forEach(WholeBlocks.SeriesSamples consumer);
  }

  /**
   * Returns a block of a shard; empty when this member does not own the shard or it moved
   * meanwhile. A block that memory has nothing of is there, empty; whole or not.
   */
  Optional<BlockContent> find(int shard, long blockStartMs);
}
