package io.tidegrid.model;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A rule as the cluster knows it. Immutable.
 *
 * @param tenant whose series it watches
 * @param id unique within the tenant, never used again
 * @param version 1 when created, one more with each change
 * @param spec what it says
 * @param createdAt when it was created
 * @param updatedAt when it was changed last
 */
public record AlertRule(
    String tenant, String id, long version, Spec spec, Instant createdAt, Instant updatedAt) {

  /**
   * What a user says of a rule.
   *
   * @param name what people call it, not empty
   * @param metric the metric name, not empty
   * @param matchers conditions on other labels; empty for all series of the metric
   * @param groupBy label names by whose values series are pooled; empty to judge each by itself
   * @param condition when it is met
   * @param severity such as {@code high}; not empty
   * @param forDuration how long it must be met before the alert fires; zero for at once
   * @param evaluationInterval how often at least a rule with groups is evaluated
   * @param labels added to those of the alert
   * @param annotations texts with templates such as {@code {{ $labels.host }}} and {@code {{ $value
   *     }}}
   * @param enabled whether it is evaluated
   * @param eachSample whether each sample that meets a threshold is announced, not only the first
   */
  public record Spec(
      String name,
      String metric,
      List<Matcher> matchers,
      List<String> groupBy,
      AlertCondition condition,
      String severity,
      Duration forDuration,
      Duration evaluationInterval,
      Map<String, String> labels,
      Map<String, String> annotations,
      boolean enabled,
      boolean eachSample) {

    /** Copies the collections. */
    public Spec {
      matchers = List.copyOf(matchers);
      groupBy = List.copyOf(groupBy);
      labels = Map.copyOf(labels);
      annotations = Map.copyOf(annotations);
    }
  }
}
