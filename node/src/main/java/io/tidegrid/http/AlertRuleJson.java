package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Matcher;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** Alert rules as JSON, in the words of the requests that make them. */
final class AlertRuleJson {

  private static final double MS_PER_SECOND = 1_000;

  private AlertRuleJson() {}

  /**
   * Writes a rule.
   *
   * @param state where its alerts stand: {@code inactive}, {@code pending} or {@code firing}
   */
  static void write(JsonGenerator out, AlertRule rule, String state) throws IOException {
    AlertRule.Spec spec = rule.spec();
    Map<String, String> labels = new LinkedHashMap<>();
    out.writeStartObject();
    out.writeStringField("id", rule.id());
    out.writeStringField("name", spec.name());
    out.writeStringField("metric_name", spec.metric());
    out.writeStringField("condition", AlertConditions.format(spec.condition()));
    OptionalDouble threshold = threshold(spec.condition());
    if (threshold.isPresent()) {
      out.writeFieldName("threshold");
      Json.number(out, threshold.getAsDouble());
    }
    out.writeStringField("severity", spec.severity());
    seconds(out, "evaluation_interval", spec.evaluationInterval());
    seconds(out, "for_duration", spec.forDuration());
    map(out, "annotations", spec.annotations());
    out.writeArrayFieldStart("matchers");
    for (Matcher matcher : spec.matchers()) {
      boolean plain = matcher.type() == Matcher.Type.EQUAL && !matcher.value().isEmpty();
      if (!plain || labels.putIfAbsent(matcher.name(), matcher.value()) != null) {
        out.writeString(text(matcher));
      }
    }
    out.writeEndArray();
    map(out, "labels", labels);
    out.writeArrayFieldStart("group_by");
    for (String name : spec.groupBy()) {
      out.writeString(name);
    }
    out.writeEndArray();
    map(out, "rule_labels", spec.labels());
    out.writeBooleanField("enabled", spec.enabled());
    out.writeBooleanField("each_sample", spec.eachSample());
    out.writeStringField("state", state);
    out.writeNumberField("version", rule.version());
    out.writeStringField("created_at", rule.createdAt().toString());
    out.writeStringField("updated_at", rule.updatedAt().toString());
    out.writeEndObject();
  }

  private static void map(JsonGenerator out, String name, Map<String, String> map)
      throws IOException {
    out.writeFieldName(name);
    Json.map(out, new TreeMap<>(map));
  }

  private static void seconds(JsonGenerator out, String name, Duration duration)
      throws IOException {
    out.writeFieldName(name);
    Json.number(out, duration.toMillis() / MS_PER_SECOND);
  }

  /** Returns a condition as Prometheus writes it, with what is special in its value escaped. */
  static String text(Matcher matcher) {
    String value = matcher.value().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return matcher.name() + matcher.type().operator() + '"' + value + '"';
  }

  /** Returns what a condition compares with; empty when it compares with nothing. */
  static OptionalDouble threshold(AlertCondition condition) {
    return switch (condition) {
      case AlertCondition.Threshold plain -> OptionalDouble.of(plain.threshold());
      case AlertCondition.Window window -> OptionalDouble.of(window.threshold());
      case AlertCondition.Absent _ -> OptionalDouble.empty();
    };
  }
}
