package io.tidegrid.persist;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a member's compaction does; figures since the start of the member.
 *
 * @param due blocks of this member's shards that are due, as of the last look
 * @param waiting blocks that have ended and are not due yet
 * @param lag how long the oldest of the due ones has been due; zero when there is none
 * @param lastLook when the database was last asked for blocks; empty before the first time
 * @param lastRun when a block was last compacted; empty before the first time
 * @param blocks compacted blocks of a shard; one counts again when late samples are folded in
 * @param rowsWritten rows written
 * @param samplesFolded samples that were folded out of recent rows
 * @param samplesWritten samples in the rows written
 * @param failures attempts that failed
 * @param failing blocks that failed last time and wait to be tried again
 * @param lastFailure the last of these; empty without one
 */
public record CompactionStatus(
    int due,
    int waiting,
    Duration lag,
    Optional<Instant> lastLook,
    Optional<Instant> lastRun,
    long blocks,
    long rowsWritten,
    long samplesFolded,
    long samplesWritten,
    long failures,
    int failing,
    String lastFailure) {

  static final CompactionStatus IDLE =
      new CompactionStatus(
          0, 0, Duration.ZERO, Optional.empty(), Optional.empty(), 0, 0, 0, 0, 0, 0, "");
}
