package io.tidegrid.node;

import io.tidegrid.persist.Persistence;
import io.tidegrid.persist.RollupArchive;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.BlockDemand;
import io.tidegrid.store.BlockSource;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.SeriesStore;
import io.tidegrid.store.WholeBlocks;
import java.time.Duration;
import java.util.Arrays;

/**
 * Blocks as the database has them, for memory to take back. Each call of {@link #read} sees one
 * snapshot, taken after the call.
 *
 * @param timeout of one read
 */
record DatabaseBlocks(SampleArchive samples, RollupArchive rollups, Duration timeout)
    implements BlockSource {

  /**
   * Lets a member's memory take back what is asked for often; returns what is to be told of that.
   */
  static BlockDemand reloadInto(SeriesStore store, Persistence database, NodeConfig config) {
    return store.reloadFrom(
        new DatabaseBlocks(
            database.archive(), database.rollupArchive(), config.databaseStatementTimeout()),
        config.reloadOptions());
  }

  @Override
  public boolean keeps(long blockStartMs) {
    return !rollups.isRawDropped(blockStartMs);
  }

  @Override
  public void read(
      int shard, long[] seriesIds, long blockStartMs, WholeBlocks.SeriesSamples consumer) {
    int[] shards = new int[seriesIds.length];
    Arrays.fill(shards, shard);
    samples.read(
        seriesIds,
        shards,
        blockStartMs,
        blockStartMs + BlockSpan.LENGTH_MS - 1,
        timeout,
        consumer::accept);
  }
}
