package io.tidegrid.persist;

import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Finds what retention would drop; changes nothing.
 *
 * @param samples where compacted samples lie
 * @param rollups the partitions of rollups
 */
record RetentionLook(CompactedWriter samples, RollupPartitions rollups, RetentionOptions options) {

  /** Returns before which time all of something goes; the beginning of 1970 when nothing does. */
  static Instant before(Duration keep, Instant now) {
    return keep.isZero() ? Instant.EPOCH : now.minus(keep);
  }

  /**
   * Lists partitions of samples that may go: not those of days in which rollups are still to be
   * computed from them.
   */
  List<ExpiredPartition> expiredSamples(Connection connection, Instant now) throws SQLException {
    Duration keep = options.longest().raw();
    if (keep.isZero()) {
      return List.of();
    }
    List<ExpiredPartition> free = new ArrayList<>();
    for (ExpiredPartition partition : samples.expired(connection, before(keep, now))) {
      if (!isDirty(connection, partition.from(), partition.to())) {
        free.add(partition);
      }
    }
    return free;
  }

  /** Tells whether rollups of a range of time are still to be computed from its samples. */
  static boolean isDirty(Connection connection, Instant from, Instant to) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT EXISTS (SELECT FROM rollup_dirty WHERE tier = '1m' AND start >= ? AND start <"
                + " ?)")) {
      select.setTimestamp(1, Timestamp.from(from));
      select.setTimestamp(2, Timestamp.from(to));
      try (ResultSet result = select.executeQuery()) {
        result.next();
        return result.getBoolean(1);
      }
    }
  }

  /** Lists partitions of a tier that may go. */
  List<ExpiredPartition> expired(Connection connection, Tier tier, Instant now)
      throws SQLException {
    Duration keep = options.longest().of(tier);
    return keep.isZero() ? List.of() : rollups.expired(connection, tier, before(keep, now));
  }

  /** Lists all of it. */
  RetentionPlan plan(Connection connection, Instant now, Optional<Instant> next)
      throws SQLException {
    List<ExpiredPartition> partitions = new ArrayList<>(expiredSamples(connection, now));
    for (Tier tier : Tier.values()) {
      partitions.addAll(expired(connection, tier, now));
    }
    return plan(now, next, partitions);
  }

  /** Returns a plan that drops these partitions. */
  RetentionPlan plan(Instant now, Optional<Instant> next, List<ExpiredPartition> partitions) {
    RetentionOptions.Keep longest = options.longest();
    List<RetentionPlan.Kind> kinds = new ArrayList<>(kinds(Optional.empty(), longest, now));
    for (Map.Entry<String, RetentionOptions.Keep> tenant :
        new TreeMap<>(options.tenants()).entrySet()) {
      kinds.addAll(kinds(Optional.of(tenant.getKey()), tenant.getValue(), now));
    }
    return new RetentionPlan(
        longest.raw(), before(longest.raw(), now), next, List.copyOf(partitions), kinds);
  }

  private static List<RetentionPlan.Kind> kinds(
      Optional<String> tenant, RetentionOptions.Keep keep, Instant now) {
    List<RetentionPlan.Kind> kinds = new ArrayList<>();
    kinds.add(new RetentionPlan.Kind("raw", tenant, keep.raw(), before(keep.raw(), now)));
    for (Tier tier : Tier.values()) {
      Duration of = keep.of(tier);
      kinds.add(new RetentionPlan.Kind(tier.text(), tenant, of, before(of, now)));
    }
    return kinds;
  }
}
