package io.tidegrid.alerting;

import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertIdentity;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Turns how an alert stands into the alert that people see. */
final class AlertRendering {

  static final String ALERT_NAME = "alertname";
  static final String SEVERITY = "severity";
  static final String METRIC = "metric_name";

  /** The labels that the rule itself gives. */
  static final Set<String> RESERVED = Set.of(ALERT_NAME, SEVERITY, METRIC);

  private AlertRendering() {}

  /**
   * Returns the alert.
   *
   * @param rule as it is now; empty when it is gone for long
   * @param silenced tells by its labels whether a silence keeps it from being sent
   */
  static Alert render(
      AlertState state, Optional<AlertRule> rule, Predicate<Map<String, String>> silenced) {
    AlertRule.Spec spec = rule.map(AlertRule::spec).orElseGet(() -> unknown(state));
    Map<String, String> labels = labels(state, spec);
    Map<String, String> annotations = new LinkedHashMap<>();
    spec.annotations()
        .forEach((name, text) -> annotations.put(name, text(text, labels, state.value())));
    return new Alert(
        AlertIdentity.instanceId(state.fingerprint(), state.pendingSinceMs()),
        AlertIdentity.text(state.fingerprint()),
        state.tenant(),
        state.ruleId(),
        spec.name(),
        spec.metric(),
        spec.severity(),
        labels,
        annotations,
        rule.isPresent() ? AlertConditions.format(spec.condition()) : "",
        state.phase(),
        state.value(),
        threshold(spec.condition()),
        Instant.ofEpochMilli(state.pendingSinceMs()),
        time(state.firedAtMs()),
        time(state.resolvedAtMs()),
        state.resolvedBy(),
        silenced.test(labels));
  }

  private static String text(String template, Map<String, String> labels, double value) {
    try {
      return AlertTemplate.render(template, labels, value);
    } catch (IllegalArgumentException e) {
      // It was checked, by this version or another; a text as it was written beats no alert.
      return template;
    }
  }

  private static Map<String, String> labels(AlertState state, AlertRule.Spec spec) {
    Map<String, String> labels = new TreeMap<>(state.labels().toMap(false));
    labels.putAll(spec.labels());
    labels.put(ALERT_NAME, spec.name());
    labels.put(SEVERITY, spec.severity());
    labels.put(METRIC, spec.metric());
    labels.values().removeIf(String::isEmpty);
    return labels;
  }

  private static double threshold(AlertCondition condition) {
    return switch (condition) {
      case AlertCondition.Threshold threshold -> threshold.threshold();
      case AlertCondition.Window window -> window.threshold();
      case AlertCondition.Absent _ -> Double.NaN;
    };
  }

  private static Optional<Instant> time(long timeMs) {
    return timeMs == AlertState.NEVER
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(timeMs));
  }

  /** What the state alone tells of a rule that was deleted and is remembered no more. */
  private static AlertRule.Spec unknown(AlertState state) {
    return new AlertRule.Spec(
        state.ruleId(),
        state.labels().metricName(),
        List.of(),
        List.of(),
        new AlertCondition.Absent(Duration.ZERO),
        "",
        Duration.ZERO,
        Duration.ZERO,
        Map.of(),
        Map.of(),
        false,
        false);
  }
}
