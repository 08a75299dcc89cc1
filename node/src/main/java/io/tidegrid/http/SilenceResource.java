package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.helidon.http.HeaderNames;
import io.tidegrid.alerting.Silence;
import io.tidegrid.alerting.Silences;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Keeping alerts from being sent for a time. */
final class SilenceResource {

  private static final String SILENCES = "/api/v1/alerts/silences";
  private static final Set<String> KNOWN =
      new LinkedHashSet<>(
          List.of(
              "matchers",
              "labels",
              "starts_at",
              "ends_at",
              "until",
              "duration",
              "created_by",
              "comment",
              // As Alertmanager's clients write them.
              "startsAt",
              "endsAt",
              "createdBy"));
  private static final Set<String> OF_THE_NODE = Set.of("id", "status");
  private static final int MAX_TIME_BYTES = 64;
  private static final int MAX_NAME_BYTES = 256;
  private static final int MAX_COMMENT_BYTES = 4 << 10;
  private static final String ANONYMOUS = "api";

  private final Silences silences;

  SilenceResource(Silences silences) {
    this.silences = silences;
  }

  void addTo(Router router) {
    router
        .post(SILENCES, this::create)
        .get(SILENCES, this::list)
        .delete(SILENCES + "/{silence_id}", this::end);
  }

  private void create(Exchange exchange) throws IOException {
    Silence silence;
    try (Body body = exchange.body(Exchange.Media.JSON)) {
      silence =
          read(RequestFields.ofBody(body, KNOWN, OF_THE_NODE), exchange.tenant(), exchange.nowMs());
    }
    Silence created = silences.create(silence);
    exchange.header(HeaderNames.LOCATION, SILENCES + '/' + created.id());
    exchange.json(201, out -> write(out, created, exchange.nowMs()));
  }

  private static Silence read(RequestFields fields, String tenant, long nowMs) {
    List<Matcher> matchers = new ArrayList<>();
    fields.map("labels").forEach((name, value) -> matchers.add(Matcher.equal(name, value)));
    matchers.addAll(fields.matchers("matchers"));
    if (matchers.isEmpty()) {
      fields.invalid(
          "matchers", "matchers is missing; say which alerts, such as [\"severity=\\\"low\\\"\"]");
    }
    Instant start =
        time(fields, nowMs, "starts_at", "startsAt").orElse(Instant.ofEpochMilli(nowMs));
    Optional<Instant> end = time(fields, nowMs, "ends_at", "endsAt", "until");
    boolean saysEnd = Stream.of("ends_at", "endsAt", "until").anyMatch(fields::has);
    if (saysEnd == fields.has("duration")) {
      fields.invalid("ends_at", "say when the silence ends, by either ends_at or duration");
    }
    if (end.isPresent() && !end.get().isAfter(start)) {
      fields.invalid("ends_at", "the silence must end after it starts");
    }
    if (end.isPresent() && end.get().toEpochMilli() <= nowMs) {
      fields.invalid("ends_at", "the silence must end in the future");
    }
    Duration length = fields.duration("duration", Duration.ZERO, false);
    String by =
        fields
            .text("created_by", MAX_NAME_BYTES)
            .or(() -> fields.text("createdBy", MAX_NAME_BYTES))
            .orElse(ANONYMOUS);
    String comment = fields.text("comment", MAX_COMMENT_BYTES).orElse("");
    fields.refuseIfInvalid();
    return new Silence("", tenant, matchers, start, end.orElse(start.plus(length)), by, comment);
  }

  private static Optional<Instant> time(RequestFields fields, long nowMs, String... names) {
    for (String name : names) {
      Optional<String> text = fields.text(name, MAX_TIME_BYTES);
      if (text.isPresent()) {
        return fields
            .read(name, () -> TimeParser.time(text.get(), '/' + name, nowMs, false))
            .map(Instant::ofEpochMilli);
      }
    }
    return Optional.empty();
  }

  private void list(Exchange exchange) throws IOException {
    List<Silence> all = silences.list(exchange.tenant());
    Page page = Page.of(exchange.params(), Page.DEFAULT_SIZE);
    List<Silence> shown = page.of(all);
    exchange.points(
        shown.size(),
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart("silences");
          for (Silence silence : shown) {
            write(out, silence, exchange.nowMs());
          }
          out.writeEndArray();
          page.write(out, all.size());
          out.writeEndObject();
        });
  }

  private static void write(JsonGenerator out, Silence silence, long nowMs) throws IOException {
    out.writeStartObject();
    out.writeStringField("id", silence.id());
    out.writeStringField(
        "status", silence.startsAt().toEpochMilli() > nowMs ? "pending" : "active");
    out.writeArrayFieldStart("matchers");
    for (Matcher matcher : silence.matchers()) {
      out.writeString(AlertRuleJson.text(matcher));
    }
    out.writeEndArray();
    out.writeStringField("starts_at", silence.startsAt().toString());
    out.writeStringField("ends_at", silence.endsAt().toString());
    out.writeStringField("created_by", silence.createdBy());
    out.writeStringField("comment", silence.comment());
    out.writeEndObject();
  }

  private void end(Exchange exchange) {
    if (!silences.end(exchange.tenant(), exchange.pathParameter())) {
      throw new TidegridException(
          ErrorCode.UNKNOWN_SILENCE,
          "there is no silence with the id "
              + TimeParser.shortened(exchange.pathParameter())
              + " that has not ended; GET "
              + SILENCES
              + " lists them");
    }
    exchange.noContent();
  }
}
