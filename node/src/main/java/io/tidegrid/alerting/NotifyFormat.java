package io.tidegrid.alerting;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What receivers outside are sent. */
final class NotifyFormat {

  private static final JsonFactory JSON = new JsonFactory();
  private static final String DEFAULT_TENANT = "default";

  /** Go's zero time, by which an Alertmanager says that an alert has not ended. */
  private static final String NOT_ENDED = "0001-01-01T00:00:00Z";

  private NotifyFormat() {}

  /**
   * Returns the body of an Alertmanager's webhook, version 4, for alerts of one rule.
   *
   * @see <a href="https://prometheus.io/docs/alerting/latest/configuration/#webhook_config">The
   *     form</a>
   */
  static byte[] webhook(List<NotifyItem> items) {
    List<Alert> alerts = items.stream().map(NotifyItem::alert).toList();
    Alert first = alerts.getFirst();
    boolean firing = alerts.stream().anyMatch(alert -> alert.phase() == AlertPhase.FIRING);
    return write(json -> {
      json.writeStartObject();
      json.writeStringField("version", "4");
      json.writeStringField("groupKey", first.tenant() + "/" + first.ruleId());
      json.writeNumberField("truncatedAlerts", 0);
      json.writeStringField("status", firing ? "firing" : "resolved");
      json.writeStringField("receiver", "webhook");
      writeMap(json, "groupLabels", Map.of(AlertRendering.ALERT_NAME, first.ruleName()));
      writeMap(json, "commonLabels", common(alerts.stream().map(NotifyFormat::labels).toList()));
      writeMap(json, "commonAnnotations", common(alerts.stream().map(Alert::annotations).toList()));
      json.writeStringField("externalURL", "");
      json.writeArrayFieldStart("alerts");
      for (Alert alert : alerts) {
        boolean ended = alert.phase() == AlertPhase.RESOLVED;
        json.writeStartObject();
        json.writeStringField("status", ended ? "resolved" : "firing");
        writeMap(json, "labels", labels(alert));
        writeMap(json, "annotations", alert.annotations());
        json.writeStringField("startsAt", alert.startsAt().toString());
        json.writeStringField(
            "endsAt", alert.resolvedAt().map(Instant::toString).orElse(NOT_ENDED));
        json.writeStringField("generatorURL", "");
        json.writeStringField("fingerprint", alert.fingerprint());
        json.writeStringField("id", alert.id());
        json.writeStringField("value", AlertTemplate.number(alert.value()));
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    });
  }

  /**
   * Returns the body of {@code POST /api/v2/alerts} of an Alertmanager.
   *
   * @param validFor how long what fires is believed without being told again
   */
  static byte[] alertmanager(List<NotifyItem> items, Instant now, Duration validFor) {
    return write(json -> {
      json.writeStartArray();
      for (NotifyItem item : items) {
        Alert alert = item.alert();
        Instant ends = alert.resolvedAt().orElse(now.plus(validFor));
        json.writeStartObject();
        writeMap(json, "labels", labels(alert));
        writeMap(json, "annotations", alert.annotations());
        json.writeStringField("startsAt", alert.startsAt().toString());
        json.writeStringField("endsAt", ends.toString());
        json.writeEndObject();
      }
      json.writeEndArray();
    });
  }

  /** Receivers tell alerts apart by labels alone, so tenants must differ in them. */
  private static Map<String, String> labels(Alert alert) {
    Map<String, String> labels = new TreeMap<>(alert.labels());
    if (!alert.tenant().equals(DEFAULT_TENANT)) {
      labels.put("tenant", alert.tenant());
    }
    return labels;
  }

  private static Map<String, String> common(List<Map<String, String>> maps) {
    Map<String, String> common = new TreeMap<>(maps.getFirst());
    maps.forEach(map -> common.entrySet().retainAll(map.entrySet()));
    return common;
  }

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private static byte[] write(Body body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1_024);
    try (JsonGenerator json = JSON.createGenerator(out)) {
      body.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static void writeMap(JsonGenerator json, String name, Map<String, String> map)
      throws IOException {
    json.writeObjectFieldStart(name);
    for (Map.Entry<String, String> entry : new TreeMap<>(map).entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }
}
