package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;

/** Alerts as JSON, the same in answers and in streams. */
final class AlertJson {

  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
  private static final DateTimeFormatter MICROSECONDS =
      new DateTimeFormatterBuilder()
          .append(SECONDS)
          .appendPattern(".SSSSSS")
          .toFormatter(Locale.ROOT);
  private static final int MS_PER_SECOND = 1_000;

  private AlertJson() {}

  static String text(AlertPhase phase) {
    return switch (phase) {
      case PENDING -> "pending";
      case FIRING -> "firing";
      case RESOLVED -> "resolved";
    };
  }

  static void write(JsonGenerator out, Alert alert) throws IOException {
    out.writeStartObject();
    out.writeStringField("id", alert.id());
    out.writeStringField("fingerprint", alert.fingerprint());
    out.writeStringField("rule_id", alert.ruleId());
    out.writeStringField("rule_name", alert.ruleName());
    out.writeStringField("metric_name", alert.metric());
    out.writeStringField("severity", alert.severity());
    out.writeStringField("status", text(alert.phase()));
    out.writeStringField("condition", alert.condition());
    out.writeFieldName("value");
    Json.number(out, alert.value());
    out.writeFieldName("threshold");
    Json.number(out, alert.threshold());
    out.writeFieldName("labels");
    Json.map(out, new TreeMap<>(alert.labels()));
    out.writeFieldName("annotations");
    Json.map(out, new TreeMap<>(alert.annotations()));
    out.writeStringField("starts_at", alert.startsAt().toString());
    time(out, "fired_at", alert.firedAt());
    time(out, "resolved_at", alert.resolvedAt());
    Json.textOrNull(out, "resolved_by", alert.resolvedBy());
    out.writeBooleanField("silenced", alert.silenced());
    out.writeEndObject();
  }

  private static void time(JsonGenerator out, String name, Optional<Instant> time)
      throws IOException {
    Json.textOrNull(out, name, time.map(Instant::toString).orElse(""));
  }

  /** Returns what a device did, in the form and with the time of the telemetry API. */
  static byte[] deviceLine(String device, String metric, double value, long timeMs) {
    return Json.bytes(out -> {
      out.writeStartObject();
      out.writeStringField("device_id", device);
      out.writeObjectFieldStart("metrics");
      out.writeFieldName(metric);
      Json.number(out, value);
      out.writeEndObject();
      out.writeStringField("time", pythonTime(timeMs));
      out.writeEndObject();
    });
  }

  /** Returns a time in UTC as Python's {@code str(datetime)}: microseconds only where needed. */
  static String pythonTime(long timeMs) {
    LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochMilli(timeMs), ZoneOffset.UTC);
    return (Math.floorMod(timeMs, MS_PER_SECOND) == 0 ? SECONDS : MICROSECONDS).format(time);
  }
}
