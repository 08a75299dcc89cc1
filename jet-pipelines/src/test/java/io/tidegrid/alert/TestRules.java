package io.tidegrid.alert;

import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Matcher;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Rules that a test changes as it likes. Safe for use by many threads. */
final class TestRules implements RuleBook {

  static final String TENANT = "default";

  private final Map<String, AlertRule> rules = new LinkedHashMap<>();
  private volatile Snapshot current = new Snapshot(0, List.of());
  private long version;

  @Override
  public Snapshot current() {
    return current;
  }

  private void changed() {
    current = new Snapshot(++version, new ArrayList<>(rules.values()));
  }

  synchronized AlertRule put(AlertRule.Spec spec, String id, long nowMs) {
    AlertRule before = rules.get(id);
    AlertRule rule =
        new AlertRule(
            TENANT,
            id,
            before == null ? 1 : before.version() + 1,
            spec,
            Instant.ofEpochMilli(nowMs),
            Instant.ofEpochMilli(nowMs));
    rules.put(id, rule);
    changed();
    return rule;
  }

  /** Adds or replaces many rules as one change. */
  synchronized void putAll(List<AlertRule.Spec> specs, long nowMs) {
    for (int i = 0; i < specs.size(); i++) {
      String id = "r" + i;
      rules.put(
          id,
          new AlertRule(
              TENANT,
              id,
              1,
              specs.get(i),
              Instant.ofEpochMilli(nowMs),
              Instant.ofEpochMilli(nowMs)));
    }
    changed();
  }

  synchronized void remove(String id) {
    rules.remove(id);
    changed();
  }

  static AlertRule.Spec spec(String metric, String condition, long forSeconds) {
    return spec(metric, condition, forSeconds, false);
  }

  static AlertRule.Spec spec(String metric, String condition, long forSeconds, boolean each) {
    return spec(metric, List.of(), condition, forSeconds, each);
  }

  static AlertRule.Spec spec(
      String metric, List<Matcher> matchers, String condition, long forSeconds, boolean each) {
    return new AlertRule.Spec(
        metric + condition,
        metric,
        matchers,
        List.of(),
        AlertConditions.parse(condition, OptionalDouble.empty()),
        "high",
        Duration.ofSeconds(forSeconds),
        Duration.ofSeconds(60),
        Map.of(),
        Map.of(),
        true,
        each);
  }

  static AlertRule.Spec grouped(AlertRule.Spec spec, String... labels) {
    return new AlertRule.Spec(
        spec.name(),
        spec.metric(),
        spec.matchers(),
        List.of(labels),
        spec.condition(),
        spec.severity(),
        spec.forDuration(),
        spec.evaluationInterval(),
        spec.labels(),
        spec.annotations(),
        spec.enabled(),
        spec.eachSample());
  }

  static AlertRule.Spec disabled(AlertRule.Spec spec) {
    return new AlertRule.Spec(
        spec.name(),
        spec.metric(),
        spec.matchers(),
        spec.groupBy(),
        spec.condition(),
        spec.severity(),
        spec.forDuration(),
        spec.evaluationInterval(),
        spec.labels(),
        spec.annotations(),
        false,
        spec.eachSample());
  }
}
