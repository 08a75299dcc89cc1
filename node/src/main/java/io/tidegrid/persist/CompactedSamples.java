package io.tidegrid.persist;

import io.tidegrid.store.SampleBuffer;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * A table that holds compacted samples. What it is asked in one transaction it answers from one
 * snapshot, if the transaction has one. Safe for use by many threads, each with a connection of its
 * own.
 */
interface CompactedSamples {

  /** Takes some samples of a series. */
  @FunctionalInterface
  interface Sink {

    /**
     * Takes samples of one series.
     *
     * @param seq the highest sequence of these samples: those of recent rows with a higher one
     *     replace them, others do not
     * @param samples ascending in time, each time once; only valid during the call
     */
    void accept(long seriesId, long seq, SampleBuffer samples) throws SQLException;
  }

  /**
   * Reads the samples of some series with {@code fromMs <= time <= toMs}, and possibly others near
   * the range. The sink may be called several times for a series, in any order; of samples of one
   * series and time those of the highest sequence count, then those that came last.
   *
   * @param ids series ids, in any order
   */
  void read(Connection connection, long[] ids, long fromMs, long toMs, Sink sink)
      throws SQLException;

  /**
   * Reads the newest sample at or before {@code toMs} of each series that has one, and possibly
   * others.
   *
   * @param ids series ids, in any order
   */
  void readLatest(Connection connection, long[] ids, long toMs, Sink sink) throws SQLException;
}
