package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;
import java.time.Instant;

/**
 * What is compacted at a time.
 *
 * @param blockMs start of the block
 * @param shard as it was numbered when the rows were written
 */
record CompactionPair(long blockMs, int shard) {

  long endMs() {
    return blockMs + BlockSpan.LENGTH_MS;
  }

  @Override
  public String toString() {
    return "block " + Instant.ofEpochMilli(blockMs) + " of shard " + shard;
  }
}
