package io.tidegrid.node;

import io.tidegrid.persist.ExpiredPartition;
import io.tidegrid.persist.Migration;
import io.tidegrid.persist.RetentionPlan;
import io.tidegrid.persist.SchemaException;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Work on a node's database while no node need run. */
public final class DatabaseWork {

  private static final long MIB = 1L << 20;

  private DatabaseWork() {}

  /**
   * Applies pending schema scripts and says what was done, and what retention would drop.
   *
   * @param config names a database
   * @param dryRun change nothing, only say what would be done
   * @param out takes lines of the report
   * @param err takes lines on what failed
   * @return whether it worked
   */
  public static boolean migrate(
      NodeConfig config, boolean dryRun, Consumer<String> out, Consumer<String> err) {
    try (Migration migration = Migration.open(Settings.persistence(config))) {
      List<String> pending = migration.pending();
      migration.applied().forEach(name -> out.accept("applied  " + name));
      if (!dryRun) {
        int ignored = migration.apply();
      }
      pending.forEach(name -> out.accept((dryRun ? "pending  " : "applied now  ") + name));
      if (pending.isEmpty()) {
        out.accept("the schema is up to date");
      }
      report(migration.retention(Settings.retention(config), Clock.systemUTC()), out);
      return true;
    } catch (SchemaException e) {
      err.accept("tidegrid: " + e.getMessage());
    } catch (SQLException e) {
      err.accept("tidegrid: the database cannot be used: " + e.getMessage());
    }
    return false;
  }

  private static void report(RetentionPlan plan, Consumer<String> out) {
    if (plan.kinds().stream().allMatch(kind -> kind.keep().isZero())) {
      out.accept("samples are kept for ever, and so are rollups");
      return;
    }
    if (plan.keep().isZero()) {
      out.accept("retention.raw is 0: samples are kept for ever");
    }
    if (plan.partitions().isEmpty()) {
      out.accept(
          "retention would drop nothing: nothing ended and was last written to " + times(plan));
      return;
    }
    out.accept("retention would drop what ended and was last written to " + times(plan));
    long bytes = 0;
    for (ExpiredPartition partition : plan.partitions()) {
      bytes += partition.bytes();
      out.accept(
          "  %s  %s to %s, about %d rows, %.1f MiB, last written to before %s"
              .formatted(
                  partition.table(),
                  partition.from(),
                  partition.to(),
                  partition.rows(),
                  (double) partition.bytes() / MIB,
                  partition.lastWrite()));
    }
    out.accept("  in all %.1f MiB; a running node drops it".formatted((double) bytes / MIB));
  }

  /** Says before when what goes; single tenants may keep something for a shorter time. */
  private static String times(RetentionPlan plan) {
    return plan.kinds().stream()
        .filter(kind -> !kind.keep().isZero())
        .map(kind ->
            "before "
                + kind.before()
                + " ("
                + kind.name()
                + kind.tenant().map(tenant -> " of tenant " + tenant).orElse("")
                + ")")
        .collect(Collectors.joining(", "));
  }
}
