package io.tidegrid.query;

import io.tidegrid.persist.RollupArchive;
import io.tidegrid.store.Coverage;
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
  private final Optional<RollupArchive> rollups;

  /**
   * @param archivePresent whether there is a database to read samples from
   * @param rollups the windows that it stores; empty when it stores none
   */
  QueryPlanner(boolean archivePresent, Optional<RollupArchive> rollups) {
    this.archivePresent = archivePresent;
    this.rollups = rollups;
  }

  /** Returns where stored windows are read; empty when none are stored. */
  Optional<RollupArchive> rollups() {
    return rollups;
  }

  /**
   * @param coverage of which times memory holds every sample of the shard
   */
  Plan plan(TimeRange range, Coverage coverage) {
    return new Plan(
        range,
        archivePresent
            ? coverage
                .lacking(range.fromMs(), range.toMs())
                .map(gap -> new TimeRange(gap.fromMs(), gap.toMs()))
            : Optional.empty());
  }
}
