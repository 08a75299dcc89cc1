package io.tidegrid.http;

import io.tidegrid.live.LiveFilter;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a client asks over a WebSocket.
 *
 * @param type {@code subscribe}, {@code unsubscribe} or {@code ping}
 * @param subscription what is subscribed to, samples or alerts; empty for a ping
 * @param metric the metric's name; empty for all
 * @param labels labels that series, or alerts, must have
 * @param severity the severity of alerts; empty for all
 */
record MetricSocketRequest(
    String type, String subscription, String metric, Map<String, String> labels, String severity) {

  static final String METRICS = "metrics";
  static final String ALERTS = "alerts";

  /**
   * Reads a message.
   *
   * @throws TidegridException that says what is wrong with it
   */
  static MetricSocketRequest parse(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Map<String, Object> message = Json.object(bytes, bytes.length);
    if (!(message.get("type") instanceof String type)) {
      throw invalid("type", "the message needs a type: subscribe, unsubscribe or ping");
    }
    if (type.equals("ping")) {
      return new MetricSocketRequest(type, "", "", Map.of(), "");
    }
    if (!type.equals("subscribe") && !type.equals("unsubscribe")) {
      throw invalid(
          "type",
          "\"" + TimeParser.shortened(type) + "\" is no type; use subscribe, unsubscribe or ping");
    }
    if (!(message.get("data") instanceof Map<?, ?> data)) {
      throw invalid("data", "data is missing; send {\"subscription\":\"metrics\"} as data");
    }
    Object subscription = data.get("subscription");
    if (!METRICS.equals(subscription) && !ALERTS.equals(subscription)) {
      throw invalid("data/subscription", "subscription must be metrics or alerts");
    }
    return new MetricSocketRequest(
        type,
        subscription.toString(),
        metric(data),
        labels(data),
        severity(data, subscription.toString()));
  }

  private static String severity(Map<?, ?> data, String subscription) {
    Object severity = data.get("severity");
    if (severity == null) {
      return "";
    }
    if (!subscription.equals(ALERTS)) {
      throw invalid("data/severity", "samples have no severity; subscribe to alerts with it");
    }
    if (!(severity instanceof String text)) {
      throw invalid("data/severity", "severity must be a string");
    }
    return text;
  }

  private static String metric(Map<?, ?> data) {
    Object name = data.containsKey("metric_name") ? data.get("metric_name") : data.get("name");
    if (name == null) {
      return "";
    }
    if (!(name instanceof String text)) {
      throw invalid("data/metric_name", "metric_name must be a string");
    }
    return QueryArgs.metricName(text, "/data/metric_name");
  }

  private static Map<String, String> labels(Map<?, ?> data) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String field : List.of("labels", "dimensions")) {
      Object value = data.containsKey(field) ? data.get(field) : Map.of();
      if (!(value instanceof Map<?, ?> map)) {
        throw invalid("data/" + field, field + " must be an object of strings");
      }
      map.forEach((name, text) -> {
        if (name.toString().isEmpty() || text instanceof Map || text instanceof List) {
          throw invalid("data/" + field, "a label has a name and a value that is a string");
        }
        labels.put(name.toString(), text.toString());
      });
    }
    return labels;
  }

  private static TidegridException invalid(String field, String detail) {
    return TidegridException.ofField(ErrorCode.INVALID_VALUE, "/" + field, detail);
  }

  boolean isAboutAll() {
    return metric.isEmpty() && labels.isEmpty() && severity.isEmpty();
  }

  AlertFilter alertFilter() {
    List<Matcher> matchers = new ArrayList<>();
    labels.forEach((name, value) -> matchers.add(Matcher.equal(name, value)));
    return new AlertFilter("", severity, metric, Set.of(), matchers);
  }

  LiveFilter filter(String tenant) {
    List<Matcher> matchers = new ArrayList<>();
    if (!metric.isEmpty()) {
      matchers.add(Matcher.equal(Labels.METRIC_NAME, metric));
    }
    labels.forEach((name, value) -> matchers.add(Matcher.equal(name, value)));
    return new LiveFilter(tenant, matchers);
  }
}
