package io.tidegrid.alerting;

import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Says what is wrong with a rule, all of it at once. */
final class RuleChecks {

  private static final int MAX_NAME = 512;
  private static final int MAX_VALUE = 4_096;
  private static final int MAX_TEXT = 16_384;
  private static final int MAX_LABELS = 64;
  private static final Duration MAX_FOR = Duration.ofDays(30);
  private static final Duration MAX_INTERVAL = Duration.ofDays(1);
  private static final Duration MIN_INTERVAL = Duration.ofSeconds(1);

  private RuleChecks() {}

  /**
   * Checks a rule.
   *
   * @throws TidegridException {@code INVALID_VALUE} with each bad field
   */
  static void check(AlertRule.Spec spec) {
    FieldErrors errors = new FieldErrors();
    text(errors, "/name", "the name of the rule", spec.name(), MAX_NAME);
    text(errors, "/metric_name", "the metric name", spec.metric(), MAX_NAME);
    text(errors, "/severity", "the severity", spec.severity(), MAX_NAME);
    matchers(errors, spec.matchers());
    condition(errors, spec.condition());
    errors.check(
        !spec.forDuration().isNegative() && spec.forDuration().compareTo(MAX_FOR) <= 0,
        "/for_duration",
        "for_duration must be from 0 s to 30 d");
    errors.check(
        spec.evaluationInterval().compareTo(MIN_INTERVAL) >= 0
            && spec.evaluationInterval().compareTo(MAX_INTERVAL) <= 0,
        "/evaluation_interval",
        "evaluation_interval must be from 1 s to 1 d");
    groupBy(errors, spec);
    eachSample(errors, spec);
    labels(errors, spec.labels());
    annotations(errors, spec.annotations());
    errors.throwIfAny("the rule");
  }

  private static void text(
      FieldErrors errors, String pointer, String what, String text, int maxBytes) {
    errors.check(!text.isBlank(), pointer, what + " must not be empty");
    errors.check(bytes(text) <= maxBytes, pointer, what + " is longer than " + maxBytes + " bytes");
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void matchers(FieldErrors errors, List<Matcher> matchers) {
    errors.check(
        matchers.size() <= MAX_LABELS,
        "/matchers",
        "a rule can have at most " + MAX_LABELS + " conditions on labels");
    for (Matcher matcher : matchers) {
      errors.check(!matcher.name().isEmpty(), "/matchers", "a label name is empty");
      errors.check(
          !matcher.name().equals(Labels.METRIC_NAME),
          "/matchers",
          "the metric is said by metric_name, not by a condition on " + Labels.METRIC_NAME);
      errors.check(
          bytes(matcher.name()) <= MAX_NAME && matcher.value().length() <= MAX_VALUE,
          "/matchers",
          "the condition on " + shortened(matcher.name()) + " is too long");
    }
  }

  private static String shortened(String text) {
    return text.length() <= 40 ? text : text.substring(0, 40) + "…";
  }

  private static void condition(FieldErrors errors, AlertCondition condition) {
    switch (condition) {
      case AlertCondition.Threshold threshold -> threshold(errors, threshold.threshold());
      case AlertCondition.Window window -> {
        threshold(errors, window.threshold());
        range(errors, window.range());
      }
      case AlertCondition.Absent absent -> range(errors, absent.range());
    }
  }

  private static void threshold(FieldErrors errors, double threshold) {
    errors.check(Double.isFinite(threshold), "/threshold", "the threshold must be a finite number");
  }

  private static void range(FieldErrors errors, Duration range) {
    errors.check(
        range.toMillis() >= 1_000 && range.compareTo(AlertConditions.MAX_RANGE) <= 0,
        "/condition",
        "the window of the condition must be from 1 s to "
            + AlertConditions.MAX_RANGE.toHours()
            + " h");
  }

  private static void groupBy(FieldErrors errors, AlertRule.Spec spec) {
    List<String> names = spec.groupBy();
    errors.check(
        names.size() <= MAX_LABELS,
        "/group_by",
        "series can be pooled by at most " + MAX_LABELS + " labels");
    Set<String> distinct = new HashSet<>(names);
    errors.check(distinct.size() == names.size(), "/group_by", "a label is named twice");
    errors.check(!distinct.contains(""), "/group_by", "a label name is empty");
    errors.check(
        !distinct.contains(Labels.METRIC_NAME),
        "/group_by",
        "all series of a rule have one metric name: leave " + Labels.METRIC_NAME + " out");
    errors.check(
        names.isEmpty() || !(spec.condition() instanceof AlertCondition.Absent),
        "/group_by",
        "absent(…) judges each series by itself: leave group_by out");
  }

  private static void eachSample(FieldErrors errors, AlertRule.Spec spec) {
    if (!spec.eachSample()) {
      return;
    }
    errors.check(
        spec.condition() instanceof AlertCondition.Threshold && spec.groupBy().isEmpty(),
        "/each_sample",
        "only a threshold of single series can announce each sample");
    errors.check(
        spec.forDuration().isZero(),
        "/each_sample",
        "a rule with for_duration cannot announce each sample");
  }

  private static void labels(FieldErrors errors, Map<String, String> labels) {
    errors.check(
        labels.size() <= MAX_LABELS, "/labels", "a rule can add at most " + MAX_LABELS + " labels");
    labels.forEach((name, value) -> {
      String pointer = "/labels/" + shortened(name);
      errors.check(
          isLabelName(name),
          pointer,
          "the label name " + shortened(name) + " must be letters, digits and _, no digit first");
      errors.check(
          !AlertRendering.RESERVED.contains(name) && !name.startsWith("__"),
          pointer,
          "the label " + shortened(name) + " is given by the rule itself: choose another name");
      errors.check(
          bytes(name) <= MAX_NAME && bytes(value) <= MAX_VALUE,
          pointer,
          "the label " + shortened(name) + " is too long");
    });
  }

  private static boolean isLabelName(String name) {
    return !name.isEmpty()
        && !Character.isDigit(name.charAt(0))
        && name.chars().allMatch(c -> c == '_' || (c < 128 && Character.isLetterOrDigit(c)));
  }

  private static void annotations(FieldErrors errors, Map<String, String> annotations) {
    errors.check(
        annotations.size() <= MAX_LABELS,
        "/annotations",
        "a rule can have at most " + MAX_LABELS + " annotations");
    annotations.forEach((name, text) -> {
      String pointer = "/annotations/" + shortened(name);
      errors.check(
          !name.isBlank() && bytes(name) <= MAX_NAME,
          pointer,
          "the name of an annotation must be 1 to " + MAX_NAME + " bytes");
      errors.check(
          bytes(text) <= MAX_TEXT, pointer, "an annotation is longer than " + MAX_TEXT + " bytes");
      AlertTemplate.problem(text)
          .ifPresent(
              problem -> errors.add(pointer, "the annotation " + shortened(name) + ": " + problem));
    });
  }
}
