package io.tidegrid.http;

import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** Reads alert rules from the bodies of requests. */
final class AlertRuleReader {

  static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(60);
  static final String DEFAULT_SEVERITY = "warning";

  private static final Set<String> KNOWN =
      new LinkedHashSet<>(
          List.of(
              "name",
              "metric_name",
              "condition",
              "threshold",
              "severity",
              "evaluation_interval",
              "for_duration",
              "annotations",
              "labels",
              "matchers",
              "group_by",
              "rule_labels",
              "enabled",
              "each_sample"));

  /** What the node says of a rule; a rule that was read may be sent back as it is. */
  private static final Set<String> OF_THE_NODE =
      Set.of("id", "version", "created_at", "updated_at", "state");

  /** Labels of every alert; a rule does not set them in another way. */
  private static final Set<String> RESERVED =
      Set.of("alertname", "severity", "metric_name", Labels.METRIC_NAME);

  private static final int MAX_NAME_BYTES = 256;
  private static final int MAX_METRIC_BYTES = 512;
  private static final int MAX_SEVERITY_BYTES = 64;
  private static final int MAX_ANNOTATION_BYTES = 16 << 10;
  private static final int MAX_CONDITION_BYTES = 1024;

  private AlertRuleReader() {}

  /**
   * Reads the body of a request.
   *
   * @throws TidegridException that names every field that is wrong
   */
  static AlertRule.Spec read(Body body) {
    Map<String, Object> object = Json.object(body.bytes(), body.length());
    if (object.containsKey("expr")) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE,
          "/expr",
          "rules over PromQL are not evaluated; say metric_name and condition instead of expr");
    }
    RequestFields fields = new RequestFields(object, KNOWN, OF_THE_NODE);
    String name = fields.required("name", MAX_NAME_BYTES, "say what people call the rule");
    String metric =
        fields.required("metric_name", MAX_METRIC_BYTES, "name the metric that the rule watches");
    Optional<AlertCondition> condition = condition(fields);
    AlertRule.Spec spec =
        new AlertRule.Spec(
            name,
            metric,
            conditions(fields),
            fields.names("group_by"),
            condition.orElse(new AlertCondition.Absent(DEFAULT_INTERVAL)),
            fields.text("severity", MAX_SEVERITY_BYTES).orElse(DEFAULT_SEVERITY),
            fields.duration("for_duration", Duration.ZERO, true),
            fields.duration("evaluation_interval", DEFAULT_INTERVAL, false),
            ruleLabels(fields),
            fields.map("annotations", MAX_ANNOTATION_BYTES),
            fields.flag("enabled", true),
            fields.flag("each_sample", false));
    if (spec.eachSample()
        && condition.isPresent()
        && !(condition.get() instanceof AlertCondition.Threshold && spec.groupBy().isEmpty())) {
      fields.invalid(
          "each_sample",
          "each_sample goes with a plain threshold such as \"> 80\" and without group_by");
    }
    fields.refuseIfInvalid();
    return spec;
  }

  private static Optional<AlertCondition> condition(RequestFields fields) {
    String text =
        fields.required(
            "condition",
            MAX_CONDITION_BYTES,
            "say when the alert fires, such as \"> 80\", \"avg(5m) > 80\" or \"absent(5m)\"");
    OptionalDouble threshold = fields.number("threshold");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    return fields.read("condition", () -> AlertConditions.parse(text, threshold));
  }

  private static List<Matcher> conditions(RequestFields fields) {
    List<Matcher> matchers = new ArrayList<>();
    fields.map("labels").forEach((name, value) -> matchers.add(Matcher.equal(name, value)));
    matchers.addAll(fields.matchers("matchers"));
    if (matchers.stream().anyMatch(matcher -> matcher.name().equals(Labels.METRIC_NAME))) {
      fields.invalid("matchers", "the metric is named by metric_name, not by a matcher");
    }
    return matchers;
  }

  private static Map<String, String> ruleLabels(RequestFields fields) {
    Map<String, String> labels = new LinkedHashMap<>();
    fields
        .map("rule_labels")
        .forEach((name, value) -> {
          if (RESERVED.contains(name)) {
            fields.invalid(
                "rule_labels", "the label " + name + " of alerts is set by the rule itself");
          } else {
            labels.put(name, value);
          }
        });
    return labels;
  }
}
