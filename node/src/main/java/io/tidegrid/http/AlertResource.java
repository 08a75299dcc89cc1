package io.tidegrid.http;

import io.tidegrid.alerting.Alerts;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** How alerts stand and stood, and ending them by hand. */
final class AlertResource {

  private static final int DEFAULT_ACTIVE = 1_000;
  private static final int DEFAULT_HISTORY = 100;
  private static final int MAX_HISTORY = 10_000;
  private static final int MAX_NAME_BYTES = 256;

  /** The end of the year 9999, the last that times are written in. */
  private static final long FOREVER_MS = 253_402_300_800_000L;

  private static final Set<String> RESOLVE_FIELDS = Set.of("resolved_by");
  private static final String ANONYMOUS = "api";

  private final Alerts alerts;

  AlertResource(Alerts alerts) {
    this.alerts = alerts;
  }

  void addTo(Router router) {
    router
        .get("/api/v1/alerts/active", this::active)
        .get("/api/v1/alerts/history", this::history)
        .post("/api/v1/alerts/resolve/{alert_id}", this::resolve);
  }

  private void active(Exchange exchange) throws IOException {
    AlertFilter filter =
        AlertFilter.ofParams(exchange.params(), EnumSet.of(AlertPhase.PENDING, AlertPhase.FIRING));
    Page page = Page.of(exchange.params(), DEFAULT_ACTIVE);
    List<Alert> found = alerts.active(exchange.tenant()).stream().filter(filter::matches).toList();
    List<Alert> shown = page.of(found);
    exchange.points(
        shown.size(),
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart("alerts");
          for (Alert alert : shown) {
            AlertJson.write(out, alert);
          }
          out.writeEndArray();
          page.write(out, found.size());
          out.writeEndObject();
        });
  }

  private void history(Exchange exchange) throws IOException {
    Params params = exchange.params();
    AlertFilter filter =
        AlertFilter.ofParams(params, EnumSet.of(AlertPhase.FIRING, AlertPhase.RESOLVED));
    if (!filter.metric().isEmpty() || !filter.matchers().isEmpty()) {
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "the history is asked for by start, end, rule_id, severity and state; leave metric_name,"
              + " label and matcher off");
    }
    int limit = params.integer("limit", DEFAULT_HISTORY, 1, MAX_HISTORY);
    long from = time(exchange, 0, "start", "start_time", "from");
    long to = time(exchange, FOREVER_MS, "end", "end_time", "to");
    if (from > to) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_RANGE,
          "start",
          "the start lies after the end; swap them or change one");
    }
    // One more than is shown, to tell whether there are more.
    List<Alert> found =
        alerts.history(
            exchange.tenant(),
            new Alerts.HistoryQuery(
                from,
                Math.min(to, FOREVER_MS - 1) + 1,
                filter.ruleId(),
                filter.severity(),
                filter.phases(),
                limit + 1));
    List<Alert> shown = found.subList(0, Math.min(limit, found.size()));
    exchange.points(
        shown.size(),
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart("alerts");
          for (Alert alert : shown) {
            AlertJson.write(out, alert);
          }
          out.writeEndArray();
          out.writeNumberField("limit", limit);
          out.writeBooleanField("truncated", found.size() > limit);
          out.writeEndObject();
        });
  }

  private static long time(Exchange exchange, long byDefault, String... names) {
    return exchange
        .params()
        .first(names)
        .map(text -> TimeParser.time(text, names[0], exchange.nowMs(), true))
        .orElse(byDefault);
  }

  private void resolve(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    Alert resolved =
        alerts
            .resolve(tenant, exchange.pathParameter(), by(exchange))
            .orElseThrow(() ->
                new TidegridException(
                    ErrorCode.UNKNOWN_ALERT,
                    "there is no alert "
                        + TimeParser.shortened(exchange.pathParameter())
                        + "; GET /api/v1/alerts/active lists the ids of those that can be"
                        + " resolved"));
    exchange.json(200, out -> AlertJson.write(out, resolved));
  }

  /** Who resolves an alert may be said in the body, which may be left off. */
  private static String by(Exchange exchange) throws IOException {
    try (Body body = exchange.body(Exchange.Media.JSON)) {
      if (body.length() == 0) {
        return ANONYMOUS;
      }
      RequestFields fields = RequestFields.ofBody(body, RESOLVE_FIELDS, Set.of());
      String by = fields.text("resolved_by", MAX_NAME_BYTES).orElse(ANONYMOUS);
      fields.refuseIfInvalid();
      return by;
    }
  }
}
