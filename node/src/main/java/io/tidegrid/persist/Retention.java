package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.persist.CompactionSteps.Step;
import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;

/**
 * Drops what is not needed any more: partitions of recent rows that compaction has emptied, and
 * partitions of compacted samples and of rollups whose end and last write are older than any tenant
 * keeps them; deletes what single tenants keep for shorter. Run by one thread.
 */
final class Retention {

  private static final System.Logger LOG = System.getLogger(Retention.class.getName());

  private static final Duration INTERVAL = Duration.ofMinutes(10);

  private final CompactedWriter writer;
  private final RollupPartitions rollups;
  private final RecentPartitions recent;
  private final RetentionOptions options;
  private final RetentionLook look;
  private final TenantRetention tenants;
  private final InstantSource clock;
  private final CompactionSteps steps;
  private final Counter dropped;
  private final Counter droppedBytes;

  /** Whether tenants have more to delete than one look allows. */
  private boolean tenantsLeft;

  private volatile Optional<Instant> next = Optional.empty();

  /** Nothing is dropped yet. */
  Retention(
      CompactedWriter writer,
      RollupPartitions rollups,
      RetentionOptions options,
      InstantSource clock,
      MeterRegistry meters,
      CompactionSteps steps) {
    this.writer = writer;
    this.rollups = rollups;
    this.recent = new RecentPartitions(steps);
    this.options = options;
    this.look = new RetentionLook(writer, rollups, options);
    this.tenants = new TenantRetention(writer, options, meters);
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

  RetentionPlan plan(Connection connection) throws SQLException {
    return look.plan(connection, clock.instant(), next);
  }

  /** Drops what is due, when it is time to look again. The connection is in auto-commit mode. */
  void run(Connection connection) throws SQLException {
    recent.dropEmpty(connection, clock.instant());
    Instant now = clock.instant();
    if (next.isPresent() && now.isBefore(next.get()) && !tenantsLeft) {
      return;
    }
    tenantsLeft = tenants.run(connection, now);
    if (next.isPresent() && now.isBefore(next.get())) {
      return;
    }
    // Marks that came after what they mark was stored would keep samples from going.
    RollupMarksTable.clearStored(connection);
    dropSamples(connection, now);
    for (Tier tier : Tier.values()) {
      dropRollups(connection, tier, now);
    }
    next = Optional.of(now.plus(INTERVAL));
  }

  private void dropSamples(Connection connection, Instant now) throws SQLException {
    Duration keep = options.longest().raw();
    if (keep.isZero()) {
      return;
    }
    Instant before = RetentionLook.before(keep, now);
    recent.deleteExpired(connection, before);
    for (ExpiredPartition partition : look.expiredSamples(connection, now)) {
      // Before they go: whoever finds them gone must find that said.
      Set<Instant> days = DroppedDays.add(connection, partition.from(), partition.to());
      if (writer.drop(connection, partition, before)) {
        dropped(connection, partition);
      } else {
        DroppedDays.remove(connection, days);
      }
    }
  }

  private void dropRollups(Connection connection, Tier tier, Instant now) throws SQLException {
    Instant before = RetentionLook.before(options.longest().of(tier), now);
    for (ExpiredPartition partition : look.expired(connection, tier, now)) {
      if (rollups.drop(connection, tier, partition, before)) {
        dropped(connection, partition);
      }
    }
  }

  private void dropped(Connection connection, ExpiredPartition partition) throws SQLException {
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

  /** Returns when it looks next; empty before the first time. */
  Optional<Instant> next() {
    return next;
  }
}
