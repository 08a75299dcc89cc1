package io.tidegrid.persist;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

/**
 * Where compacted samples lie. A connection belongs to its caller, and so does its transaction,
 * which is of the isolation REPEATABLE READ, unless a method says otherwise. Safe for use by many
 * threads.
 */
interface CompactedWriter {

  /** A stream of series into one block, in ascending order of series id. */
  interface Rows extends AutoCloseable {

    /**
     * Writes the whole content of a series in the block, which must not be there.
     *
     * @param sequence up to which everything is folded in
     * @param times in ascending order, each once
     */
    void write(long seriesId, long sequence, long[] times, double[] values, int from, int count)
        throws SQLException;

    /** Ends the stream and returns the number of samples written. */
    long finish() throws SQLException;

    /** Gives up a stream that was not finished; the connection can be used again. */
    @Override
    void close() throws SQLException;
  }

  /**
   * Makes room for a block and notes that it is written to now; the connection is in auto-commit
   * mode.
   */
  void prepare(Connection connection, long blockMs, Instant now) throws SQLException;

  /**
   * Keeps a block from being dropped until the transaction ends.
   *
   * @return false when it is just being dropped: come again later
   */
  boolean lock(Connection connection, long blockMs) throws SQLException;

  /** Forgets what {@link #prepare} found, after the database said otherwise. */
  void forget();

  /**
   * Counts what is there of some series in a block.
   *
   * @param counts gets the number of samples of {@code ids[i]}, 0 where it has none
   */
  void counts(Connection connection, long blockMs, long[] ids, int from, int to, int[] counts)
      throws SQLException;

  /** Reads some series of a block, in ascending order of series id. */
  void read(
      Connection connection,
      long blockMs,
      long[] ids,
      int from,
      int to,
      CompactedSamples.Sink consumer)
      throws SQLException;

  /** Deletes some series of a block, so that they can be written anew. */
  void delete(Connection connection, long blockMs, long[] ids, int from, int to)
      throws SQLException;

  /** Begins to write series of a block; nothing else may use the connection meanwhile. */
  Rows write(Connection connection, long blockMs) throws SQLException;

  /**
   * Lists what may be dropped: partitions whose end and whose last write are before a time.
   *
   * @param connection in any mode
   */
  List<ExpiredPartition> expired(Connection connection, Instant before) throws SQLException;

  /**
   * Drops one of these, unless it was written to since; without holding up readers and writers.
   *
   * @param connection in auto-commit mode
   * @return whether it is gone
   */
  boolean drop(Connection connection, ExpiredPartition partition, Instant before)
      throws SQLException;
}
