package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.persist.BlockCompaction.Outcome;
import io.tidegrid.persist.BlockCompaction.Result;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Counts what a compactor does. Written by its thread, read by any. */
final class CompactionMeters {

  private final Counter fromMemory;
  private final Counter fromDatabase;
  private final Counter folded;
  private final Counter written;
  private final Counter failures;
  private final Timer duration;

  private volatile CompactionStatus status = CompactionStatus.IDLE;

  CompactionMeters(MeterRegistry meters) {
    fromMemory =
        Counter.builder("tidegrid.compaction.blocks")
            .tag("source", "memory")
            .description("Blocks of a shard compacted")
            .register(meters);
    fromDatabase =
        Counter.builder("tidegrid.compaction.blocks")
            .tag("source", "database")
            .description("Blocks of a shard compacted")
            .register(meters);
    folded =
        Counter.builder("tidegrid.compaction.samples")
            .description("Samples folded out of recent rows")
            .register(meters);
    written =
        Counter.builder("tidegrid.compaction.samples.written")
            .description("Samples in the rows written")
            .register(meters);
    failures =
        Counter.builder("tidegrid.compaction.failures")
            .description("Compactions that failed and are tried again")
            .register(meters);
    duration =
        Timer.builder("tidegrid.compaction.duration")
            .description("Time for a block of a shard")
            .register(meters);
    Gauge.builder("tidegrid.compaction.due", this, m -> m.status.due())
        .description("Blocks of this member's shards that are due")
        .register(meters);
    Gauge.builder("tidegrid.compaction.lag", this, m -> m.status.lag().toMillis() / 1_000.0)
        .baseUnit("seconds")
        .description("How long the oldest of them has been due")
        .register(meters);
  }

  CompactionStatus status() {
    return status;
  }

  void looked(Instant now, int due, int waiting, Duration lag, int failing) {
    CompactionStatus old = status;
    status =
        new CompactionStatus(
            due,
            waiting,
            lag,
            Optional.of(now),
            old.lastRun(),
            old.blocks(),
            old.rowsWritten(),
            old.samplesFolded(),
            old.samplesWritten(),
            old.failures(),
            failing,
            old.lastFailure());
  }

  void done(Instant now, Result result, long nanos) {
    (result.outcome() == Outcome.FROM_MEMORY ? fromMemory : fromDatabase).increment();
    folded.increment((double) result.recentSamples());
    written.increment((double) result.samples());
    duration.record(Duration.ofNanos(nanos));
    CompactionStatus old = status;
    int due = Math.max(0, old.due() - (result.more() ? 0 : 1));
    status =
        new CompactionStatus(
            due,
            old.waiting(),
            due == 0 ? Duration.ZERO : old.lag(),
            old.lastLook(),
            Optional.of(now),
            old.blocks() + 1,
            old.rowsWritten() + result.series(),
            old.samplesFolded() + result.recentSamples(),
            old.samplesWritten() + result.samples(),
            old.failures(),
            old.failing(),
            old.lastFailure());
  }

  void failed(int failing, String reason) {
    failures.increment();
    CompactionStatus old = status;
    status =
        new CompactionStatus(
            old.due(),
            old.waiting(),
            old.lag(),
            old.lastLook(),
            old.lastRun(),
            old.blocks(),
            old.rowsWritten(),
            old.samplesFolded(),
            old.samplesWritten(),
            old.failures() + 1,
            failing,
            reason);
  }
}
