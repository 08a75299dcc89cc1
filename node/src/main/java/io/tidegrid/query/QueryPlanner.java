package io.tidegrid.query;

import java.util.Optional;

/**
 * Decides for one shard where the samples of a range come from. Memory is always read over the
 * whole range, because it may hold late samples that the database has not got yet; the database is
 * read only for the times of which memory does not hold everything.
 */
final class QueryPlanner {

  /**
   * Where to read.
   *
   * @param memory what to read from memory
   * @param archive what to read from the database, besides; empty when memory holds everything
   */
  record Plan(TimeRange memory, Optional<TimeRange> archive) {}

  private final boolean archivePresent;

  QueryPlanner(boolean archivePresent) {
    this.archivePresent = archivePresent;
  }

  /**
   * @param wholeFromMs from when on memory holds every sample of the shard
   */
  Plan plan(TimeRange range, long wholeFromMs) {
    if (!archivePresent || wholeFromMs <= range.fromMs()) {
      return new Plan(range, Optional.empty());
    }
    long archiveTo = Math.min(range.toMs(), wholeFromMs - 1);
    return new Plan(range, Optional.of(new TimeRange(range.fromMs(), archiveTo)));
  }
}
