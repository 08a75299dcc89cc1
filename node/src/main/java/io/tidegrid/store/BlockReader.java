package io.tidegrid.store;

import java.util.Optional;

/**
 * Reads whole blocks of this member's shards, open ones too, off the partition threads. Safe for
 * use by many threads.
 */
public interface BlockReader {

  /** What memory has of one block of one shard. */
  interface BlockContent {

    /**
     * Tells whether that is everything there is, so that the database need not be asked. If not,
     * the database may have more, and of equal times memory's sample counts.
     */
    boolean isWhole();

    /**
     * Returns the sequence of the shard (epoch shifted left by 32 bits, plus the number of the
     * batch) at a moment before anything was read: the samples of every batch up to it that memory
     * keeps are in what {@link #forEach} hands over. Some of later batches may be, too.
     */
    long throughSequence();

    /**
     * Returns the ids of all series of the shard and of all tenants, whether they have samples in
     * the block or not, in no particular order. Linear in the series.
     */
    long[] seriesIds();

    /**
     * Hands over each series that has samples in the block, with them in ascending order of time,
     * each time once; the series in no particular order. The buffer is only valid during the call.
     * Nothing is allocated for a sample, and for a series only where it has samples that are not
     * sealed. May be called again.
     */
    void forEach(WholeBlocks.SeriesSamples consumer);
  }

  /**
   * Returns a block of a shard; empty when this member does not own the shard, or it moved
   * meanwhile, or it lost its state and does not know all its series yet. A block that memory has
   * nothing of is there, empty; whole or not. Blocks keep their content while it is read, though
   * the shard moves away or the block is evicted.
   *
   * @param blockStartMs the block, by its start, in milliseconds since 1970
   */
  Optional<BlockContent> find(int shard, long blockStartMs);
}
