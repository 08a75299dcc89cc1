package io.tidegrid.rollup;

import io.tidegrid.tier.RollupColumns;
import java.util.List;

/**
 * What the pipeline reads on the member it runs on: which spans of that member's shards are dirty,
 * and what is in them. Supplied by the node. Safe for use by many threads.
 */
public interface WindowSource {

  /**
   * Returns the dirty spans of all shards that this member owns, now. They are told from the shards
   * themselves, so nothing is missed whatever the pipeline went through. Cheap: to be asked several
   * times a second.
   */
  List<DirtySpan> dirty();

  /** What came of reading a span. */
  sealed interface Reading {}

  /**
   * The span could be read.
   *
   * @param sequence every batch up to this one is in what was read
   * @param windows how to get at it
   */
  record Content(long sequence, Windows windows) implements Reading {}

  /**
   * It cannot be read now: the shard moved, the database is away, or something acknowledged is
   * neither in memory nor committed yet. To be tried again later.
   */
  record NotNow(String reason) implements Reading {}

  /** Retention has dropped the samples, so the stored figures are the best there are. */
  record Gone() implements Reading {}

  /** The content of a span. */
  @FunctionalInterface
  interface Windows {

    /**
     * Hands over each series that has any with the windows of the finest tier of the span: minutes
     * for a block, the day for a day. The columns are only valid during the call.
     */
    void forEach(SeriesWindows consumer);
  }

  /** Takes the windows of a series. */
  @FunctionalInterface
  interface SeriesWindows {
    void accept(long seriesId, RollupColumns windows);
  }

  /** Reads a span; takes as long as its samples are many. */
  Reading read(DirtySpan span);

  /** Drops the mark of a span whose samples are gone, and counts it. */
  void refuse(DirtySpan span);
}
