package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.WindowFunction;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The form in which rules and alerts lie in the grid: the fields in order. Enumerations go by name,
 * as their order may change. Each entry that is made of these begins with the version of its form.
 */
final class AlertWire {

  private static final byte THRESHOLD = 1;
  private static final byte WINDOW = 2;
  private static final byte ABSENT = 3;

  private AlertWire() {}

  static void requireVersion(ObjectDataInput in, byte known, String what) throws IOException {
    byte version = in.readByte();
    if (version != known) {
      throw new IOException(
          what + " comes in form " + version + ", this member knows form " + known);
    }
  }

  static void write(ObjectDataOutput out, AlertRule rule) throws IOException {
    out.writeString(rule.tenant());
    out.writeString(rule.id());
    out.writeLong(rule.version());
    AlertRule.Spec spec = rule.spec();
    out.writeString(spec.name());
    out.writeString(spec.metric());
    writeMatchers(out, spec.matchers());
    out.writeStringArray(spec.groupBy().toArray(String[]::new));
    write(out, spec.condition());
    out.writeString(spec.severity());
    out.writeLong(spec.forDuration().toMillis());
    out.writeLong(spec.evaluationInterval().toMillis());
    writeMap(out, spec.labels());
    writeMap(out, spec.annotations());
    out.writeBoolean(spec.enabled());
    out.writeBoolean(spec.eachSample());
    write(out, rule.createdAt());
    write(out, rule.updatedAt());
  }

  static AlertRule readRule(ObjectDataInput in) throws IOException {
    String tenant = in.readString();
    String id = in.readString();
    long version = in.readLong();
    AlertRule.Spec spec =
        new AlertRule.Spec(
            in.readString(),
            in.readString(),
            readMatchers(in),
            List.of(in.readStringArray()),
            readCondition(in),
            in.readString(),
            Duration.ofMillis(in.readLong()),
            Duration.ofMillis(in.readLong()),
            readMap(in),
            readMap(in),
            in.readBoolean(),
            in.readBoolean());
    return new AlertRule(tenant, id, version, spec, readInstant(in), readInstant(in));
  }

  private static void write(ObjectDataOutput out, AlertCondition condition) throws IOException {
    switch (condition) {
      case AlertCondition.Threshold(Comparison comparison, double threshold) -> {
        out.writeByte(THRESHOLD);
        out.writeString(comparison.name());
        out.writeDouble(threshold);
      }
      case AlertCondition.Window(
              WindowFunction function,
              Duration range,
              Comparison comparison,
              double threshold) -> {
        out.writeByte(WINDOW);
        out.writeString(function.name());
        out.writeLong(range.toMillis());
        out.writeString(comparison.name());
        out.writeDouble(threshold);
      }
      case AlertCondition.Absent(Duration range) -> {
        out.writeByte(ABSENT);
        out.writeLong(range.toMillis());
      }
    }
  }

  private static AlertCondition readCondition(ObjectDataInput in) throws IOException {
    byte kind = in.readByte();
    return switch (kind) {
      case THRESHOLD ->
          new AlertCondition.Threshold(Comparison.valueOf(in.readString()), in.readDouble());
      case WINDOW ->
          new AlertCondition.Window(
              WindowFunction.valueOf(in.readString()),
              Duration.ofMillis(in.readLong()),
              Comparison.valueOf(in.readString()),
              in.readDouble());
      case ABSENT -> new AlertCondition.Absent(Duration.ofMillis(in.readLong()));
      default -> throw new IOException("no condition is of kind " + kind);
    };
  }

  static void write(ObjectDataOutput out, AlertState state) throws IOException {
    out.writeString(state.tenant());
    out.writeString(state.ruleId());
    out.writeLong(state.ruleVersion());
    out.writeLong(state.fingerprint());
    out.writeByteArray(state.labels().canonicalBytes());
    out.writeString(state.phase().name());
    out.writeLong(state.pendingSinceMs());
    out.writeLong(state.firedAtMs());
    out.writeLong(state.resolvedAtMs());
    out.writeDouble(state.value());
    out.writeLong(state.lastTimeMs());
    out.writeLong(state.changedAtMs());
    out.writeString(state.resolvedBy());
    out.writeBoolean(state.announced());
  }

  static AlertState readState(ObjectDataInput in) throws IOException {
    return new AlertState(
        in.readString(),
        in.readString(),
        in.readLong(),
        in.readLong(),
        Labels.fromCanonical(in.readByteArray()),
        AlertPhase.valueOf(in.readString()),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readDouble(),
        in.readLong(),
        in.readLong(),
        in.readString(),
        in.readBoolean());
  }

  static void write(ObjectDataOutput out, Alert alert) throws IOException {
    out.writeString(alert.id());
    out.writeString(alert.fingerprint());
    out.writeString(alert.tenant());
    out.writeString(alert.ruleId());
    out.writeString(alert.ruleName());
    out.writeString(alert.metric());
    out.writeString(alert.severity());
    writeMap(out, alert.labels());
    writeMap(out, alert.annotations());
    out.writeString(alert.condition());
    out.writeString(alert.phase().name());
    out.writeDouble(alert.value());
    out.writeDouble(alert.threshold());
    write(out, alert.startsAt());
    writeOptional(out, alert.firedAt());
    writeOptional(out, alert.resolvedAt());
    out.writeString(alert.resolvedBy());
    out.writeBoolean(alert.silenced());
  }

  static Alert readAlert(ObjectDataInput in) throws IOException {
    return new Alert(
        in.readString(),
        in.readString(),
        in.readString(),
        in.readString(),
        in.readString(),
        in.readString(),
        in.readString(),
        readMap(in),
        readMap(in),
        in.readString(),
        AlertPhase.valueOf(in.readString()),
        in.readDouble(),
        in.readDouble(),
        readInstant(in),
        readOptional(in),
        readOptional(in),
        in.readString(),
        in.readBoolean());
  }

  static void writeMatchers(ObjectDataOutput out, List<Matcher> matchers) throws IOException {
    out.writeInt(matchers.size());
    for (Matcher matcher : matchers) {
      out.writeString(matcher.type().name());
      out.writeString(matcher.name());
      out.writeString(matcher.value());
    }
  }

  static List<Matcher> readMatchers(ObjectDataInput in) throws IOException {
    int count = in.readInt();
    List<Matcher> matchers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      matchers.add(
          Matcher.of(Matcher.Type.valueOf(in.readString()), in.readString(), in.readString()));
    }
    return matchers;
  }

  private static void writeMap(ObjectDataOutput out, Map<String, String> map) throws IOException {
    out.writeInt(map.size());
    for (Map.Entry<String, String> entry : map.entrySet()) {
      out.writeString(entry.getKey());
      out.writeString(entry.getValue());
    }
  }

  private static Map<String, String> readMap(ObjectDataInput in) throws IOException {
    int count = in.readInt();
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      map.put(in.readString(), in.readString());
    }
    return map;
  }

  /** To the millisecond, as the database and the HTTP API have it. */
  static void write(ObjectDataOutput out, Instant instant) throws IOException {
    out.writeLong(instant.toEpochMilli());
  }

  static Instant readInstant(ObjectDataInput in) throws IOException {
    return Instant.ofEpochMilli(in.readLong());
  }

  private static void writeOptional(ObjectDataOutput out, Optional<Instant> instant)
      throws IOException {
    out.writeLong(instant.map(Instant::toEpochMilli).orElse(AlertState.NEVER));
  }

  private static Optional<Instant> readOptional(ObjectDataInput in) throws IOException {
    long timeMs = in.readLong();
    return timeMs == AlertState.NEVER
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(timeMs));
  }
}
