package io.tidegrid.http;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What administrators see of compaction and retention. Safe for use by many threads. */
public interface StorageAdmin {

  /** Of a node that has no database. */
  StorageAdmin NONE =
      new StorageAdmin() {
        @Override
        public Optional<Retention> retention() {
          return Optional.empty();
        }

        @Override
        public Optional<Compaction> compaction() {
          return Optional.empty();
        }
      };

  /**
   * Returns what retention would drop now, which asks the database; empty without one.
   *
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY} when it does not answer
   */
  Optional<Retention> retention();

  /** Returns what this member's compaction does; empty without a database. Never blocks. */
  Optional<Compaction> compaction();

  /**
   * What retention would drop.
   *
   * @param keep how long samples are kept; zero for ever
   * @param before partitions go whose end and last write are both before this
   * @param next when this member drops them; empty when another member does
   * @param partitions the oldest first
   */
  record Retention(
      Duration keep, Instant before, Optional<Instant> next, List<Partition> partitions) {}

  /**
   * A partition that retention would drop.
   *
   * @param name of the table
   * @param from the least time of its samples
   * @param to the end, exclusive
   * @param lastWrite when it was last written to, at most
   * @param rows its rows, estimated
   * @param bytes on disk, with indexes
   */
  record Partition(
      String name, Instant from, Instant to, Instant lastWrite, long rows, long bytes) {}

  /**
   * What compaction does; figures since the start.
   *
   * @param due blocks of this member's shards that are due
   * @param waiting blocks that have ended and are not due yet
   * @param lag how long the oldest has been due
   * @param lastLook when the database was last asked for blocks
   * @param lastRun when a block was last compacted
   * @param blocks compacted blocks of a shard
   * @param rows rows written
   * @param samplesFolded samples folded out of recent rows
   * @param samplesWritten samples in the rows written
   * @param failures attempts that failed
   * @param failing blocks that failed last time
   * @param lastFailure empty without one
   */
  record Compaction(
      int due,
      int waiting,
      Duration lag,
      Optional<Instant> lastLook,
      Optional<Instant> lastRun,
      long blocks,
      long rows,
      long samplesFolded,
      long samplesWritten,
      long failures,
      int failing,
      String lastFailure) {}
}
