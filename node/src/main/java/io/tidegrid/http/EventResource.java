package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.events.EventVerdict;
import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.DecodedEvent;
import io.tidegrid.ingest.DecodedEvents;
import io.tidegrid.ingest.IngestResult;
import io.tidegrid.ingest.RejectedEvent;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.TidegridException.FieldError;
import io.tidegrid.query.Grouping;
import io.tidegrid.query.RollupQuery;
import io.tidegrid.query.RollupResult;
import io.tidegrid.query.RollupRow;
import io.tidegrid.query.TimeRange;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The paths of events: taking them, and finding them and their metrics again. */
final class EventResource {

  private static final Logger LOGGER = System.getLogger(EventResource.class.getName());

  private static final int DEFAULT_LIMIT = 100;
  private static final long DEFAULT_RANGE_MS = 3_600_000;
  private static final String DEFAULT_INTERVAL = "1m";
  private static final long MAX_BUCKETS = 1_000_000;

  private final HttpContext context;
  private final Queries queries;
  private final EventApi api;

  EventResource(HttpContext context, Queries queries, EventApi api) {
    this.context = context;
    this.queries = queries;
    this.api = api;
  }

  void addTo(Router router) {
    router
        .post("/v1/events", this::one)
        .post("/v1/events/batch", this::many)
        .get("/v1/devices/{device_id}/events", queries.timed(this::ofDevice))
        .get("/v1/search", queries.timed(this::search))
        .get("/v1/metrics/aggregate", queries.timed(this::aggregate));
  }

  // ---- in

  /** Reads a body. */
  @FunctionalInterface
  private interface Reading<T> {
    T read(String tenant, Body body, long nowMs);
  }

  private static <T> T read(Exchange exchange, String tenant, Reading<T> reading)
      throws IOException {
    try (Body body = exchange.body(Exchange.Media.JSON)) {
      if (body.length() == 0) {
        throw new TidegridException(
            ErrorCode.NOT_PARSEABLE, "the request has no body; send events in it");
      }
      return reading.read(tenant, body, exchange.nowMs());
    } catch (TidegridException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      if (e instanceof Exchange.SlowBodyException || e instanceof Exchange.BadFramingException) {
        throw e;
      }
      // Whatever a decoder stumbles over lies in the bytes it was given.
      LOGGER.log(Level.WARNING, "The decoder of events failed over a body", e);
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE,
          "the body could not be understood; check that it is whole",
          List.of(),
          Duration.ZERO,
          e);
    }
  }

  private void one(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    Ack ack = exchange.ack();
    DecodedEvent event =
        read(
            exchange,
            tenant,
            (who, body, now) -> api.decoder().one(who, body.bytes(), body.length(), now));
    EventVerdict verdict = api.events().store(tenant, List.of(event), ack).getFirst();
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeStringField("status", verdict == EventVerdict.STORED ? "ok" : text(verdict));
          out.writeEndObject();
        });
  }

  private static String text(EventVerdict verdict) {
    return verdict.name().toLowerCase(Locale.ROOT);
  }

  private void many(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    Ack ack = exchange.ack();
    DecodedEvents decoded =
        read(
            exchange,
            tenant,
            (who, body, now) -> api.decoder().many(who, body.bytes(), body.length(), now));
    if (decoded.events().isEmpty() && !decoded.rejected().isEmpty()) {
      exchange.problem(noneTaken(decoded.rejected()));
      return;
    }
    List<EventVerdict> verdicts = api.events().store(tenant, decoded.events(), ack);
    exchange.json(
        200,
        out -> {
          out.writeStartArray();
          int bad = 0;
          for (int i = 0; i < verdicts.size(); i++) {
            DecodedEvent event = decoded.events().get(i);
            while (bad < decoded.rejected().size()
                && decoded.rejected().get(bad).index() < event.index()) {
              rejected(out, decoded.rejected().get(bad++));
            }
            out.writeStartObject();
            out.writeStringField("event_id", event.event().id());
            out.writeStringField("status", text(verdicts.get(i)));
            out.writeEndObject();
          }
          while (bad < decoded.rejected().size()) {
            rejected(out, decoded.rejected().get(bad++));
          }
          out.writeEndArray();
        });
  }

  private static void rejected(JsonGenerator out, RejectedEvent event) throws IOException {
    TidegridException problem = event.problem();
    out.writeStartObject();
    Json.textOrNull(out, "event_id", event.eventId());
    out.writeStringField("status", "rejected");
    out.writeStringField("code", problem.code().id());
    String pointer = problem.errors().isEmpty() ? "" : problem.errors().getFirst().pointer();
    out.writeStringField(
        "detail", "/" + event.index() + pointer + ": " + problem.errors().getFirst().detail());
    out.writeEndObject();
  }

  private static Problem noneTaken(List<RejectedEvent> rejected) {
    List<FieldError> fields = new ArrayList<>();
    for (RejectedEvent event : rejected) {
      for (FieldError error : event.problem().errors()) {
        if (fields.size() < IngestResult.MAX_ERRORS) {
          fields.add(new FieldError("/" + event.index() + error.pointer(), error.detail()));
        }
      }
    }
    TidegridException first = rejected.getFirst().problem();
    String detail =
        rejected.size() == 1
            ? first.getMessage()
            : "none of the "
                + rejected.size()
                + " events could be taken; the first: "
                + first.getMessage();
    ErrorCode code = first.code();
    return new Problem(422, code.title(), detail, code.id(), fields, Optional.empty());
  }

  // ---- out

  private void ofDevice(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String device = exchange.pathParameter();
    TimeRange range = range(exchange, 0);
    int limit = limit(exchange);
    events(
        exchange,
        api.events().ofDevice(tenant, device, range.fromMs(), range.toMs(), limit, timeout()));
  }

  private void search(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String tag =
        exchange
            .params()
            .first("tag")
            .orElseThrow(() -> missing("tag", "name the tag to search for"));
    TimeRange range = range(exchange, 0);
    int limit = limit(exchange);
    events(
        exchange, api.events().tagged(tenant, tag, range.fromMs(), range.toMs(), limit, timeout()));
  }

  private Duration timeout() {
    return context.options().requestTimeout();
  }

  private int limit(Exchange exchange) {
    return exchange
        .params()
        .integer("limit", Math.min(DEFAULT_LIMIT, api.maxLimit()), 1, api.maxLimit());
  }

  private static TidegridException missing(String name, String what) {
    return TidegridException.ofField(ErrorCode.INVALID_VALUE, name, name + " is missing; " + what);
  }

  /**
   * Returns the range that is asked for, both ends included.
   *
   * @param lengthMs back from its end, when its start is not said; 0: from 1970
   */
  private static TimeRange range(Exchange exchange, long lengthMs) {
    long now = exchange.nowMs();
    Params params = exchange.params();
    // Accepted times may lie ahead of the clock.
    long latest = now + QueryResource.MAX_FUTURE_MS;
    long to =
        params
            .first("to_time", "to", "end_time")
            .map(text -> TimeParser.time(text, "to_time", now, true))
            .orElse(lengthMs == 0 ? latest : now);
    long from =
        params
            .first("from_time", "from", "start_time")
            .map(text -> TimeParser.time(text, "from_time", now, true))
            .orElse(lengthMs == 0 ? Math.min(0, to) : to - lengthMs);
    if (from > to) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_RANGE, "from_time", "from_time lies after to_time; change one of them");
    }
    return new TimeRange(Math.max(from, 0), Math.clamp(to, 0, latest));
  }

  private static void events(Exchange exchange, List<Event> events) throws IOException {
    exchange.points(
        events.size(),
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart("events");
          for (Event event : events) {
            out.writeStartObject();
            out.writeStringField("event_id", event.id());
            out.writeStringField("device_id", event.deviceId());
            out.writeStringField("timeStamp", naive(event.timeMs()));
            out.writeObjectFieldStart("metrics");
            for (int i = 0; i < event.metrics().size(); i++) {
              out.writeFieldName(event.metrics().get(i));
              Json.number(out, event.value(i));
            }
            out.writeEndObject();
            out.writeArrayFieldStart("tags");
            for (String tag : event.tags()) {
              out.writeString(tag);
            }
            out.writeEndArray();
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  /** As devices write it: ISO 8601 in UTC, without saying so. */
  private static String naive(long timeMs) {
    String text = Instant.ofEpochMilli(timeMs).toString();
    return text.substring(0, text.length() - 1);
  }

  private void aggregate(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    Params params = exchange.params();
    String metric =
        QueryArgs.metricName(
            params
                .first("metric", "metric_name", "name")
                .orElseThrow(() -> missing("metric", "name the metric to aggregate")),
            "metric");
    Optional<String> device = params.first("device_id");
    String intervalText = params.first("interval").orElse(DEFAULT_INTERVAL);
    long interval = TimeParser.duration(intervalText, "interval");
    TimeRange range = range(exchange, DEFAULT_RANGE_MS);
    if ((range.toMs() - range.fromMs()) / interval >= MAX_BUCKETS) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE,
          "interval",
          "that makes more than " + MAX_BUCKETS + " buckets; take longer ones or a shorter range");
    }
    List<Matcher> matchers = new ArrayList<>();
    matchers.add(Matcher.equal(Labels.METRIC_NAME, metric));
    device.ifPresent(id -> matchers.add(Matcher.equal("device_id", id)));
    RollupQuery question =
        new RollupQuery(tenant, matchers, range, interval, Grouping.by(List.of()), false);
    RollupResult result =
        queries.ask(
            exchange,
            query -> {
              RollupResult found = queries.engine().rollups(question, query);
              queries.requireKnown(tenant, metric, found.rows().isEmpty(), query);
              return found;
            });
    exchange.points(
        result.rows().size() * (long) RollupJson.VALUES,
        out -> {
          out.writeStartObject();
          out.writeStringField("metric", metric);
          Json.textOrNull(out, "device_id", device.orElse(""));
          out.writeStringField("interval", intervalText);
          out.writeArrayFieldStart("buckets");
          for (RollupRow row : result.rows()) {
            out.writeStartObject();
            out.writeFieldName("time");
            Json.time(out, row.timeMs());
            out.writeNumberField("count", row.count());
            number(out, "sum", row.sum());
            number(out, "avg", row.avg());
            number(out, "min", row.min());
            number(out, "max", row.max());
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private static void number(JsonGenerator out, String name, double value) throws IOException {
    out.writeFieldName(name);
    Json.number(out, value);
  }
}
