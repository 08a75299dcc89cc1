package io.tidegrid.persist;

import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import java.time.Duration;

/** Reads stored rollups from the database. Safe for use by many threads. */
public interface RollupArchive {

  /** Takes the windows of one series. */
  @FunctionalInterface
  interface Consumer {

    /**
     * Called once for each series.
     *
     * @param windows ascending; only valid during the call
     */
    void accept(long seriesId, RollupColumns windows);
  }

  /**
   * Reads the stored windows with {@code fromMs <= start < toMs} of some series. The consumer is
   * called once for each series that has any.
   *
   * @param ids series ids, in any order, each once
   * @param histograms whether the windows' histograms are wanted; without, they are empty arrays
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY} when the database cannot be
   *     reached, {@code QUERY_TIMEOUT} when it took too long
   */
  void read(
      Tier tier,
      long[] ids,
      long fromMs,
      long toMs,
      boolean histograms,
      Duration timeout,
      Consumer consumer);

  /**
   * Tells whether retention has dropped raw samples of the day that a time lies in, so that what
   * raw samples are there now may not be all there were. Answered from memory.
   */
  boolean isRawDropped(long timeMs);

  /**
   * Returns the start of the earliest windows that may be stored of a tier, by its retention now;
   * {@link Long#MIN_VALUE} when it is kept for ever.
   */
  long keptFromMs(Tier tier);
}
