package io.tidegrid.store;

/** Reads blocks that memory gave up from where they are kept. Safe for use by many threads. */
public interface BlockSource {

  /**
   * Tells whether a block is kept: whether nothing of it was, or is about to be, dropped because of
   * its age. Answers from memory.
   *
   * @param blockStartMs the block, by its start, in milliseconds since 1970
   */
  boolean keeps(long blockStartMs);

  /**
   * Reads some series of a block. Everything that was committed before the call is read: each
   * series that has samples once, with these in ascending order of time, each time once and with
   * the value written last. The buffer is only valid during the call.
   *
   * @param seriesIds ids of series of the shard, each once
   * @throws RuntimeException when it cannot be read now; the consumer may have got some of it
   */
  void read(int shard, long[] seriesIds, long blockStartMs, WholeBlocks.SeriesSamples consumer);
}
