package io.tidegrid.store;

import java.util.Optional;

/**
 * Closed blocks of this member's shards that memory holds whole: every sample that was ever
 * acknowledged for the shard and span is in them. Safe for use by many threads.
 */
public interface WholeBlocks {

  /** One block of one shard, an immutable snapshot. */
  interface WholeBlock {

    /**
     * Returns the sequence up to which every batch's samples of this span are in the block: epoch
     * shifted left by 32 bits, plus the number of the batch.
     */
    long throughSequence();

    /** Returns how many series have samples in the block. */
    int series();

    /**
     * Hands over each series with its samples in ascending order of time, each time once, in
     * ascending order of series id. The buffer is only valid during the call.
     */
    void forEach(SeriesSamples consumer);
  }

  /** Takes one series of a block. */
  @FunctionalInterface
  interface SeriesSamples {
    void accept(long seriesId, SampleBuffer samples);
  }

  /**
   * Returns a sealed block, or empty when memory does not hold that block whole, when it is not
   * sealed (its end is near, or samples came lately), or when this member does not own the shard.
   *
   * @param blockStartMs the block, by its start
   */
  Optional<WholeBlock> find(int shard, long blockStartMs);
}
