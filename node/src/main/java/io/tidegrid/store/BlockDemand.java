package io.tidegrid.store;

/**
 * Is told what memory did not have when it was asked for. Safe for use by many threads; does not
 * block.
 */
@FunctionalInterface
public interface BlockDemand {

  /** For which nothing counts. */
  BlockDemand NONE = (shard, fromMs, toMs) -> {};

  /**
   * Counts one question that the database had to be asked for.
   *
   * @param shard of this member
   * @param fromMs from when on memory might have lacked samples, in milliseconds since 1970
   * @param toMs up to when, inclusive
   */
  void missed(int shard, long fromMs, long toMs);
}
