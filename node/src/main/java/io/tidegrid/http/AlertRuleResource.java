package io.tidegrid.http;

import io.helidon.http.HeaderNames;
import io.tidegrid.alerting.AlertRules;
import io.tidegrid.alerting.Alerts;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** Making, showing, changing and removing alert rules. */
final class AlertRuleResource {

  private static final String RULES = "/api/v1/alerts/rules";
  private static final Pattern LABELS = Pattern.compile("^/labels(?=/|$)");
  private static final String INACTIVE = "inactive";

  private final AlertRules rules;
  private final Alerts alerts;

  AlertRuleResource(AlertRules rules, Alerts alerts) {
    this.rules = rules;
    this.alerts = alerts;
  }

  void addTo(Router router) {
    String one = RULES + "/{rule_id}";
    router
        .post(RULES, this::create)
        .get(RULES, this::list)
        .get(one, this::show)
        .put(one, this::replace)
        .delete(one, this::delete);
  }

  private void create(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    AlertRule.Spec spec = spec(exchange);
    AlertRule rule = inWordsOfRequests(() -> rules.create(tenant, spec));
    exchange.header(HeaderNames.LOCATION, RULES + '/' + rule.id());
    answer(exchange, 201, rule, INACTIVE);
  }

  private static AlertRule.Spec spec(Exchange exchange) throws IOException {
    try (Body body = exchange.body(Exchange.Media.JSON)) {
      return AlertRuleReader.read(body);
    }
  }

  /** Runs something that knows the labels which a rule adds by another name. */
  private static <T> T inWordsOfRequests(Supplier<T> change) {
    try {
      return change.get();
    } catch (TidegridException e) {
      throw new TidegridException(
          e.code(),
          e.getMessage(),
          e.errors().stream()
              .map(error ->
                  new TidegridException.FieldError(
                      LABELS.matcher(error.pointer()).replaceFirst("/rule_labels"), error.detail()))
              .toList(),
          e.retryAfter().orElse(Duration.ZERO),
          e);
    }
  }

  private static void answer(Exchange exchange, int status, AlertRule rule, String state) {
    exchange.json(status, out -> AlertRuleJson.write(out, rule, state));
  }

  private void list(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String metric = exchange.params().first("metric_name", "metric").orElse("");
    String severity = exchange.params().first("severity").orElse("");
    List<AlertRule> found =
        rules.list(tenant).stream()
            .filter(rule -> metric.isEmpty() || rule.spec().metric().equals(metric))
            .filter(rule -> severity.isEmpty() || rule.spec().severity().equals(severity))
            .toList();
    Page page = Page.of(exchange.params(), Page.DEFAULT_SIZE);
    List<AlertRule> shown = page.of(found);
    Map<String, String> states = states(tenant);
    exchange.points(
        shown.size(),
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart("rules");
          for (AlertRule rule : shown) {
            AlertRuleJson.write(out, rule, states.getOrDefault(rule.id(), INACTIVE));
          }
          out.writeEndArray();
          page.write(out, found.size());
          out.writeEndObject();
        });
  }

  /** Returns how the rules stand that have an active alert: as the one that stands worst. */
  private Map<String, String> states(String tenant) {
    Map<String, String> states = new HashMap<>();
    for (Alert alert : alerts.active(tenant)) {
      String state = AlertJson.text(alert.phase());
      if (alert.phase() == AlertPhase.FIRING) {
        states.put(alert.ruleId(), state);
      } else {
        states.putIfAbsent(alert.ruleId(), state);
      }
    }
    return states;
  }

  private void show(Exchange exchange) {
    String tenant = exchange.tenant();
    AlertRule rule =
        rules.find(tenant, exchange.pathParameter()).orElseThrow(() -> unknown(exchange));
    answer(exchange, 200, rule, states(tenant).getOrDefault(rule.id(), INACTIVE));
  }

  private void replace(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    AlertRule.Spec spec = spec(exchange);
    AlertRule rule =
        rules.replace(tenant, exchange.pathParameter(), spec).orElseThrow(() -> unknown(exchange));
    answer(exchange, 200, rule, states(tenant).getOrDefault(rule.id(), INACTIVE));
  }

  private void delete(Exchange exchange) {
    if (!rules.delete(exchange.tenant(), exchange.pathParameter())) {
      throw unknown(exchange);
    }
    exchange.noContent();
  }

  private static TidegridException unknown(Exchange exchange) {
    return new TidegridException(
        ErrorCode.UNKNOWN_RULE,
        "there is no rule with the id "
            + TimeParser.shortened(exchange.pathParameter())
            + "; GET "
            + RULES
            + " lists them");
  }
}
