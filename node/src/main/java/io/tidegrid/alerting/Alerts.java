package io.tidegrid.alerting;

import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The alerts of tenants. Safe for use by many threads. */
public interface Alerts {

  /**
   * Which alerts of the past are asked for.
   *
   * @param fromMs those that began at or after this time, milliseconds since 1970
   * @param toMs those that began before this time
   * @param ruleId of this rule; empty for all
   * @param severity of this severity; empty for all
   * @param phases in one of these phases; empty for all
   * @param limit at most so many, from 1
   */
  record HistoryQuery(
      long fromMs, long toMs, String ruleId, String severity, Set<AlertPhase> phases, int limit) {
    /** Copies the set. */
    public HistoryQuery {
      phases = Set.copyOf(phases);
    }
  }

  /** Returns the pending and the firing alerts of a tenant, those that began last first. */
  List<Alert> active(String tenant);

  /**
   * Returns alerts that fired, whether they ended or not, those that began last first, from memory
   * and database.
   *
   * @throws io.tidegrid.model.TidegridException when the database is away
   */
  List<Alert> history(String tenant, HistoryQuery query);

  /**
   * Ends an alert by hand. It fires again only after its condition was not met once.
   *
   * @param id of the instance, its fingerprint, or the id of a rule that has one active alert
   * @param by who does it; not empty
   * @return the alert as it is now; empty when the tenant has no such alert
   * @throws io.tidegrid.model.TidegridException with {@code CONFLICT} when it has ended already, or
   *     the id stands for several
   */
  Optional<Alert> resolve(String tenant, String id, String by);
}
