package io.tidegrid.alert;

import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.WindowFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One version of a rule, taken apart for evaluation. Compared by identity. Immutable. */
final class CompiledRule {

  /** How a rule is evaluated. */
  enum Kind {
    THRESHOLD,
    WINDOW,
    ABSENT,
    GROUPED
  }

  final AlertRule rule;
  final Kind kind;
  final Comparison comparison;

  /** NaN for absence. */
  final double threshold;

  final Optional<WindowFunction> function;

  /** Of a window or of absence; 0 for others. */
  final long rangeMs;

  final long forMs;

  /** Whether each sample that meets the threshold is announced. */
  final boolean each;

  /** Conditions on a series, the metric name among them. */
  final List<Matcher> matchers;

  CompiledRule(AlertRule rule) {
    this.rule = rule;
    AlertRule.Spec spec = rule.spec();
    this.forMs = spec.forDuration().toMillis();
    List<Matcher> all = new ArrayList<>();
    all.add(Matcher.equal(Labels.METRIC_NAME, spec.metric()));
    all.addAll(spec.matchers());
    this.matchers = List.copyOf(all);
    boolean grouped = !spec.groupBy().isEmpty();
    switch (spec.condition()) {
      case AlertCondition.Threshold(Comparison by, double value) -> {
        kind = grouped ? Kind.GROUPED : Kind.THRESHOLD;
        comparison = by;
        threshold = value;
        function = Optional.empty();
        rangeMs = 0;
      }
      case AlertCondition.Window window -> {
        kind = grouped ? Kind.GROUPED : Kind.WINDOW;
        comparison = window.comparison();
        threshold = window.threshold();
        function = Optional.of(window.function());
        rangeMs = window.range().toMillis();
      }
      case AlertCondition.Absent absent -> {
        kind = grouped ? Kind.GROUPED : Kind.ABSENT;
        comparison = Comparison.EQUAL;
        threshold = Double.NaN;
        function = Optional.empty();
        rangeMs = absent.range().toMillis();
      }
    }
    this.each = kind == Kind.THRESHOLD && spec.eachSample() && forMs == 0;
  }

  String tenant() {
    return rule.tenant();
  }

  String id() {
    return rule.id();
  }

  boolean isAbsence() {
    return rule.spec().condition() instanceof AlertCondition.Absent;
  }

  /** Tells whether alerts of it belong to the rule's own shard. */
  boolean hasGroups() {
    return kind == Kind.GROUPED || kind == Kind.ABSENT;
  }

  /** Tells whether a value meets the comparison; NaN meets none. */
  boolean test(double value) {
    return !Double.isNaN(value) && comparison.test(value, threshold);
  }

  boolean matches(Labels labels) {
    for (Matcher matcher : matchers) {
      if (!matcher.matches(labels.get(matcher.name()))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return tenant() + "/" + id() + "@" + rule.version();
  }
}
