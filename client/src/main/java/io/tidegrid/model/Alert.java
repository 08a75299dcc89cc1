package io.tidegrid.model;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * One alert as people see it: from the moment its condition was met to its end. Immutable.
 *
 * @param id names this instance: its fingerprint and when it began
 * @param fingerprint the same for all instances of a rule and a set of labels; 16 hex digits
 * @param tenant whose it is
 * @param ruleId the rule
 * @param ruleName what the rule is called
 * @param metric the metric name
 * @param severity as the rule says
 * @param labels the series' or the group's, without the metric name, and those that the rule adds
 * @param annotations rendered
 * @param condition the rule's condition, as people write it
 * @param phase where it stands
 * @param value the value that brought it there; NaN for an absent one
 * @param threshold what it was compared with; NaN for an absent one
 * @param startsAt since when the condition was met
 * @param firedAt when it fired
 * @param resolvedAt when it was resolved
 * @param resolvedBy who resolved it by hand; empty for nobody
 * @param silenced whether a silence keeps it from being sent
 */
public record Alert(
    String id,
    String fingerprint,
    String tenant,
    String ruleId,
    String ruleName,
    String metric,
    String severity,
    Map<String, String> labels,
    Map<String, String> annotations,
    String condition,
    AlertPhase phase,
    double value,
    double threshold,
    Instant startsAt,
    Optional<Instant> firedAt,
    Optional<Instant> resolvedAt,
    String resolvedBy,
    boolean silenced) {

  /** Copies the maps. */
  public Alert {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
