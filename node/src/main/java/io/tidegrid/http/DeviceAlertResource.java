package io.tidegrid.http;

import io.tidegrid.alerting.AlertRules;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertConditions;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.Matcher;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;

/** Alerts of devices as the telemetry API registers them: each sample beyond a threshold counts. */
final class DeviceAlertResource {

  private static final Set<String> KNOWN =
      new LinkedHashSet<>(List.of("device_id", "metric", "op", "threshold"));
  private static final int MAX_BYTES = 512;

  private final AlertRules rules;

  DeviceAlertResource(AlertRules rules) {
    this.rules = rules;
  }

  void addTo(Router router) {
    router.post("/v1/alerts", this::register);
  }

  private void register(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    AlertRule.Spec spec;
    try (Body body = exchange.body(Exchange.Media.JSON)) {
      spec = read(RequestFields.ofBody(body, KNOWN, Set.of()));
    }
    // Clients register their alerts at each start; the same rule twice would tell them twice.
    String id = rules.findOrCreate(tenant, spec).id();
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeStringField("status", "ok");
          out.writeStringField("id", id);
          out.writeEndObject();
        });
  }

  private static AlertRule.Spec read(RequestFields fields) {
    String device = fields.required("device_id", MAX_BYTES, "name the device to watch");
    String metric = fields.required("metric", MAX_BYTES, "name the metric of the device");
    String op = fields.required("op", MAX_BYTES, "say how to compare: " + operators());
    OptionalDouble threshold = fields.number("threshold");
    if (!fields.has("threshold")) {
      fields.invalid("threshold", "threshold is missing; say what to compare with");
    }
    Optional<Comparison> comparison = Comparison.of(op);
    if (!op.isEmpty() && comparison.isEmpty()) {
      fields.invalid(
          "op", "\"" + TimeParser.shortened(op) + "\" is no comparison; use " + operators());
    }
    fields.refuseIfInvalid();
    AlertCondition condition =
        new AlertCondition.Threshold(comparison.orElseThrow(), threshold.orElseThrow());
    return new AlertRule.Spec(
        TimeParser.shortened(metric)
            + ' '
            + AlertConditions.format(condition)
            + " on "
            + TimeParser.shortened(device),
        metric,
        List.of(Matcher.equal("device_id", device)),
        List.of(),
        condition,
        AlertRuleReader.DEFAULT_SEVERITY,
        Duration.ZERO,
        AlertRuleReader.DEFAULT_INTERVAL,
        Map.of(),
        Map.of(),
        true,
        true);
  }

  private static String operators() {
    return Arrays.stream(Comparison.values())
        .map(Comparison::operator)
        .collect(Collectors.joining(" "));
  }
}
