package io.tidegrid.persist;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.tier.Tier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Deletes rows of tenants that keep something for a shorter time than others, whose partitions
 * therefore stay: day by day, a little at a time, all of it anew once a day, since older samples
 * may have come. Run by one thread.
 */
final class TenantRetention {

  private static final System.Logger LOG = System.getLogger(TenantRetention.class.getName());

  private static final Duration DAY = Duration.ofDays(1);
  private static final long BUDGET_NANOS = 1_000_000_000L;
  private static final int SERIES_AT_ONCE = 5_000;

  private final CompactedWriter samples;
  private final List<Task> tasks = new ArrayList<>();
  private final Counter deleted;
  private final String[] named;

  /** One kind of data of some tenants, and how far it is deleted. */
  private static final class Task {

    /** Empty for all that are not named. */
    private final Optional<String> tenant;

    /** Empty for samples. */
    private final Optional<Tier> tier;

    private final Duration keep;
    private Instant nextDay = Instant.MIN;
    private Instant startAgain = Instant.MIN;

    Task(Optional<String> tenant, Optional<Tier> tier, Duration keep) {
      this.tenant = tenant;
      this.tier = tier;
      this.keep = keep;
    }
  }

  TenantRetention(CompactedWriter samples, RetentionOptions options, MeterRegistry meters) {
    this.samples = samples;
    this.deleted =
        Counter.builder("tidegrid.retention.deleted")
            .description("Rows deleted because their tenant keeps them for a shorter time")
            .register(meters);
    RetentionOptions.Keep longest = options.longest();
    add(Optional.empty(), options.keep(), longest);
    options.tenants().forEach((tenant, keep) -> add(Optional.of(tenant), keep, longest));
    this.named = options.tenants().keySet().toArray(String[]::new);
  }

  private void add(
      Optional<String> tenant, RetentionOptions.Keep keep, RetentionOptions.Keep longest) {
    if (isShorter(keep.raw(), longest.raw())) {
      tasks.add(new Task(tenant, Optional.empty(), keep.raw()));
    }
    for (Tier tier : Tier.values()) {
      if (isShorter(keep.of(tier), longest.of(tier))) {
        tasks.add(new Task(tenant, Optional.of(tier), keep.of(tier)));
      }
    }
  }

  private static boolean isShorter(Duration keep, Duration longest) {
    return !keep.isZero() && (longest.isZero() || keep.compareTo(longest) < 0);
  }

  /**
   * Deletes for a while; the connection is in auto-commit mode.
   *
   * @return whether there is more to do
   */
  boolean run(Connection connection, Instant now) throws SQLException {
    long until = System.nanoTime() + BUDGET_NANOS;
    for (Task task : tasks) {
      if (!now.isBefore(task.startAgain)) {
        Optional<Instant> oldest = oldest(connection, task);
        if (oldest.isEmpty()) {
          continue;
        }
        task.nextDay = oldest.get();
        task.startAgain = now.plus(DAY);
      }
      Instant before = now.minus(task.keep);
      while (!task.nextDay.plus(DAY).isAfter(before)) {
        if (System.nanoTime() > until) {
          return true;
        }
        if (!deleteDay(connection, task)) {
          // Its rollups come first; the day is looked at again later.
          break;
        }
        task.nextDay = task.nextDay.plus(DAY);
      }
    }
    return false;
  }

  /** Returns the oldest day that may hold anything. */
  private static Optional<Instant> oldest(Connection connection, Task task) throws SQLException {
    String query =
        task.tier
            .map(tier ->
                "SELECT min(start) FROM rollup_partitions WHERE tier = '" + tier.text() + "'")
            .orElse(
                exists(connection, "sample_days")
                    ? "SELECT least((SELECT min(day) FROM block_days), (SELECT min(day) FROM"
                        + " sample_days))"
                    : "SELECT min(day) FROM block_days");
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return Optional.ofNullable(result.getTimestamp(1)).map(Timestamp::toInstant);
    }
  }

  private static boolean exists(Connection connection, String table) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT to_regclass('" + table + "') IS NOT NULL")) {
      result.next();
      return result.getBoolean(1);
    }
  }

  /** Tells whether the day is done. */
  private boolean deleteDay(Connection connection, Task task) throws SQLException {
    if (task.tier.isEmpty()
        && RetentionLook.isDirty(connection, task.nextDay, task.nextDay.plus(DAY))) {
      return false;
    }
    long[] ids = series(connection, task);
    long rows = 0;
    for (int from = 0; from < ids.length; from += SERIES_AT_ONCE) {
      long[] some = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + SERIES_AT_ONCE));
      connection.setAutoCommit(false);
      try {
        rows +=
            task.tier.isPresent()
                ? deleteRollups(connection, task.tier.get(), task.nextDay, some)
                : deleteSamples(connection, task.nextDay, some);
        connection.commit();
        connection.setAutoCommit(true);
      } catch (SQLException e) {
        HourPartitions.rollback(connection, e);
        throw e;
      }
    }
    if (rows > 0) {
      deleted.increment((double) rows);
      LOG.log(
          System.Logger.Level.INFO,
          "deleted {0} rows ({1}) of {2} of {3}, which are kept for {4} days",
          Long.toString(rows),
          task.tier.map(Tier::text).orElse("raw"),
          task.tenant.map(name -> "tenant " + name).orElse("tenants without times of their own"),
          task.nextDay,
          task.keep.toDays());
    }
    return true;
  }

  private long[] series(Connection connection, Task task) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT series_id FROM series WHERE "
                + (task.tenant.isPresent() ? "tenant = ?" : "tenant <> ALL (?)")
                + " ORDER BY series_id")) {
      if (task.tenant.isPresent()) {
        select.setString(1, task.tenant.get());
      } else {
        select.setArray(1, connection.createArrayOf("text", named));
      }
      try (ResultSet result = select.executeQuery()) {
        List<Long> ids = new ArrayList<>();
        while (result.next()) {
          ids.add(result.getLong(1));
        }
        return ids.stream().mapToLong(Long::longValue).toArray();
      }
    }
  }

  private long deleteSamples(Connection connection, Instant day, long[] ids) throws SQLException {
    long rows = 0;
    int[] counts = new int[ids.length];
    for (long block = day.toEpochMilli();
        block < day.plus(DAY).toEpochMilli();
        block += BlockSpan.LENGTH_MS) {
      samples.counts(connection, block, ids, 0, ids.length, counts);
      long[] present =
          IntStream.range(0, ids.length)
              .filter(i -> counts[i] > 0)
              .mapToLong(i -> ids[i])
              .toArray();
      if (present.length > 0) {
        samples.delete(connection, block, present, 0, present.length);
        rows += present.length;
      }
    }
    if (rows > 0) {
      // Rollups of the day would lose what is gone, were they computed anew.
      var ignored = DroppedDays.add(connection, day, day.plus(DAY));
    }
    return rows;
  }

  private static long deleteRollups(Connection connection, Tier tier, Instant day, long[] ids)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.executeLargeUpdate(
          "DELETE FROM "
              + RollupTable.of(tier).table()
              + " WHERE series_id = ANY ("
              + SqlText.array(ids)
              + ") AND block >= "
              + SqlText.time(day.toEpochMilli())
              + " AND block < "
              + SqlText.time(day.plus(DAY).toEpochMilli()));
    }
  }
}
