package io.tidegrid.rollup;

import io.tidegrid.grid.RollupBlock;

/**
 * Where the pipeline puts what it has computed. The span stays dirty until the figures are
 * committed. Supplied by the node. Safe for use by many threads.
 */
public interface RollupSink {

  /** Tells whether figures can be taken now: not while the database is away or too many wait. */
  boolean isOpen();

  /**
   * Takes the figures of a span; the same again, or newer ones, replace them. Returns when they are
   * in the grid.
   */
  void put(DirtySpan span, RollupBlock figures);
}
