package io.tidegrid.persist;

import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import java.util.List;
import java.util.Set;

/** Reads alerts of the past from the database. Safe for use by many threads. */
public interface AlertHistory {

  /**
   * Which alerts are wanted.
   *
   * @param fromMs those that began at or after this time, milliseconds since 1970
   * @param toMs those that began before this time
   * @param ruleId of this rule; empty for all
   * @param severity of this severity; empty for all
   * @param phases in one of these phases; empty for all
   * @param limit at most so many, from 1
   */
  record Wanted(
      long fromMs, long toMs, String ruleId, String severity, Set<AlertPhase> phases, int limit) {
    /** Copies the set. */
    public Wanted {
      phases = Set.copyOf(phases);
    }
  }

  /**
   * Returns alerts of a tenant, those that began last first.
   *
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY}, worth a retry, when the
   *     database cannot be asked now
   */
  List<Alert> find(String tenant, Wanted wanted);
}
