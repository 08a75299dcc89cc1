package io.tidegrid.http;

import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which alerts somebody wants to see. Immutable.
 *
 * @param ruleId those of this rule; empty for all
 * @param severity those of this severity; empty for all
 * @param metric those of this metric; empty for all
 * @param phases those in one of these phases; empty for all
 * @param matchers conditions on their labels; empty for all
 */
record AlertFilter(
    String ruleId, String severity, String metric, Set<AlertPhase> phases, List<Matcher> matchers) {

  AlertFilter {
    phases = Set.copyOf(phases);
    matchers = List.copyOf(matchers);
  }

  /**
   * Reads parameters: {@code rule_id}, {@code severity}, {@code metric_name}, {@code state} with
   * commas, {@code label} and {@code matcher} any number of times, {@code labels} as a JSON object.
   *
   * @param known the phases that are shown at all
   * @throws TidegridException that names the wrong parameter
   */
  static AlertFilter ofParams(Params params, Set<AlertPhase> known) {
    List<Matcher> matchers = new ArrayList<>();
    for (String name : List.of("label", "matcher", "matchers")) {
      params.all(name).forEach(text -> matchers.add(MatcherParser.parse(text, name)));
    }
    params
        .first("labels")
        .ifPresent(text ->
            labels(text)
                .forEach((name, value) -> {
                  if (name.isEmpty() || value instanceof Map || value instanceof List) {
                    throw badLabels();
                  }
                  matchers.add(Matcher.equal(name, value.toString()));
                }));
    return new AlertFilter(
        params.first("rule_id").orElse(""),
        params.first("severity").orElse(""),
        params.first("metric_name", "metric").orElse(""),
        params.first("state", "status").map(text -> phases(text, known)).orElse(Set.of()),
        matchers);
  }

  private static Map<String, Object> labels(String text) {
    byte[] json = text.getBytes(StandardCharsets.UTF_8);
    try {
      return Json.object(json, json.length);
    } catch (TidegridException e) {
      throw badLabels();
    }
  }

  private static TidegridException badLabels() {
    return TidegridException.ofField(
        ErrorCode.INVALID_VALUE,
        "labels",
        "labels must be a URL-encoded JSON object of strings such as {\"host\":\"server1\"}");
  }

  private static Set<AlertPhase> phases(String text, Set<AlertPhase> known) {
    Set<AlertPhase> phases = EnumSet.noneOf(AlertPhase.class);
    for (String name : text.split(",", -1)) {
      phases.add(
          known.stream()
              .filter(phase -> AlertJson.text(phase).equals(name.strip().toLowerCase(Locale.ROOT)))
              .findFirst()
              .orElseThrow(() ->
                  TidegridException.ofField(
                      ErrorCode.INVALID_VALUE,
                      "state",
                      "\""
                          + TimeParser.shortened(name)
                          + "\" is no state that is shown here; use "
                          + known.stream()
                              .sorted()
                              .map(AlertJson::text)
                              .collect(Collectors.joining(", ")))));
    }
    return phases;
  }

  /** Tells whether an alert is asked for. */
  boolean matches(Alert alert) {
    return (ruleId.isEmpty() || ruleId.equals(alert.ruleId()))
        && (severity.isEmpty() || severity.equals(alert.severity()))
        && (metric.isEmpty() || metric.equals(alert.metric()))
        && (phases.isEmpty() || phases.contains(alert.phase()))
        && matchers.stream().allMatch(matcher -> meets(matcher, alert));
  }

  private static boolean meets(Matcher matcher, Alert alert) {
    try {
      return matcher.matches(alert.labels().getOrDefault(matcher.name(), ""));
    } catch (TidegridException e) {
      // A pattern too deep for the stack of the thread matches nothing.
      return false;
    }
  }
}
