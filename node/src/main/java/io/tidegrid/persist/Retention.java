package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.persist.CompactionSteps.Step;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * Drops what is not needed any more: partitions of recent rows that compaction has emptied, and
 * partitions of compacted samples whose end and last write are older than is kept. Run by one
 * thread.
 */
final class Retention {

  private static final System.Logger LOG = System.getLogger(Retention.class.getName());

  private static final Duration INTERVAL = Duration.ofMinutes(10);

  private final CompactedWriter writer;
  private final RecentPartitions recent;
  private final Duration rawRetention;
  private final InstantSource clock;
  private final CompactionSteps steps;
  private final Counter dropped;
  private final Counter droppedBytes;

  private volatile Optional<Instant> next = Optional.empty();

  /**
   * Nothing is dropped yet.
   *
   * @param rawRetention zero drops nothing
   */
  Retention(
      CompactedWriter writer,
      Duration rawRetention,
      InstantSource clock,
      MeterRegistry meters,
      CompactionSteps steps) {
    this.writer = writer;
    this.recent = new RecentPartitions(steps);
    this.rawRetention = rawRetention;
    this.clock = clock;
    this.steps = steps;
    this.dropped =
        Counter.builder("tidegrid.retention.dropped")
            .description("Partitions dropped because they are older than is kept")
            .register(meters);
    this.droppedBytes =
        Counter.builder("tidegrid.retention.dropped.bytes")
            .baseUnit("bytes")
            .description("What they took on disk")
            .register(meters);
  }

  /** Returns when it looks next; empty before the first time. */
  Optional<Instant> next() {
    return next;
  }

  private Instant before() {
    return clock.instant().minus(rawRetention);
  }

  List<ExpiredPartition> expired(Connection connection) throws SQLException {
    return rawRetention.isZero() ? List.of() : writer.expired(connection, before());
  }

  /** Drops what is due, when it is time to look again. The connection is in auto-commit mode. */
  void run(Connection connection) throws SQLException {
    recent.dropEmpty(connection, clock.instant());
    Instant now = clock.instant();
    if (next.isPresent() && now.isBefore(next.get())) {
      return;
    }
    if (!rawRetention.isZero()) {
      recent.deleteExpired(connection, before());
    }
    for (ExpiredPartition partition : expired(connection)) {
      if (writer.drop(connection, partition, before())) {
        steps.reached(Step.DROPPED, connection);
        dropped.increment();
        droppedBytes.increment((double) partition.bytes());
        LOG.log(
            System.Logger.Level.INFO,
            "dropped {0}: {1} to {2}, {3} bytes, last written to at {4}",
            partition.table(),
            partition.from(),
            partition.to(),
            Long.toString(partition.bytes()),
            partition.lastWrite());
      }
    }
    next = Optional.of(now.plus(INTERVAL));
  }
}
