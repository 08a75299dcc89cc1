package io.tidegrid.http;

import io.tidegrid.ingest.DecodedBatch;
import io.tidegrid.ingest.IngestResult;
import io.tidegrid.ingest.RowError;
import io.tidegrid.ingest.SampleDecoder;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.TidegridException.FieldError;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The paths that take samples, in every protocol. */
final class IngestResource {

  private static final Logger LOGGER = System.getLogger(IngestResource.class.getName());
  private static final Set<String> PRECISIONS =
      Set.of("ns", "n", "us", "u", "µ", "ms", "s", "m", "h");

  private final HttpContext context;

  IngestResource(HttpContext context) {
    this.context = context;
  }

  void addTo(Router router) {
    Router.Endpoint one = exchange -> json(exchange, "");
    Router.Endpoint many = exchange -> json(exchange, "/metrics");
    router
        .post("/metrics/ingest", one)
        .post("/api/v1/metrics/ingest", one)
        .post("/api/v1/metrics/batch", many)
        .post("/api/v1/metrics/ingest/batch", many)
        .post("/api/v1/write", this::remoteWrite)
        .post("/write", this::lineProtocol)
        .post("/api/v2/write", this::lineProtocol)
        .post("/api/v1/import/prometheus", this::text)
        .get("/ping", Exchange::noContent);
  }

  private void json(Exchange exchange, String rows) throws IOException {
    Outcome outcome = store(exchange, Exchange.Media.JSON, context.decoders().json());
    if (outcome.rejected() == 0) {
      exchange.json(
          201,
          out -> {
            out.writeStartObject();
            out.writeStringField("status", "ok");
            out.writeNumberField("accepted", outcome.accepted());
            out.writeEndObject();
          });
    } else {
      partial(exchange, outcome, rows);
    }
  }

  private void remoteWrite(Exchange exchange) throws IOException {
    Outcome outcome = store(exchange, Exchange.Media.PROTOBUF, context.decoders().remoteWrite());
    noContentOrPartial(exchange, outcome);
  }

  private void lineProtocol(Exchange exchange) throws IOException {
    String precision = exchange.params().first("precision").orElse("ns");
    if (!PRECISIONS.contains(precision)) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE, "precision", "precision must be one of ns, us, ms, s, m, h");
    }
    String unit =
        switch (precision) {
          case "n" -> "ns";
          case "u", "µ" -> "us";
          default -> precision;
        };
    Outcome outcome =
        store(exchange, Exchange.Media.LINES, context.decoders().influx().apply(unit));
    noContentOrPartial(exchange, outcome);
  }

  private void text(Exchange exchange) throws IOException {
    boolean openMetrics =
        exchange.contentType().toLowerCase(Locale.ROOT).contains("openmetrics-text");
    Outcome outcome =
        store(exchange, Exchange.Media.LINES, context.decoders().text().apply(openMetrics));
    noContentOrPartial(exchange, outcome);
  }

  private static void noContentOrPartial(Exchange exchange, Outcome outcome) {
    if (outcome.rejected() == 0) {
      exchange.noContent();
    } else {
      partial(exchange, outcome, "");
    }
  }

  /**
   * What became of a request's rows.
   *
   * @param accepted samples stored
   * @param rejected rows not stored
   * @param errors the reasons of the first of them
   */
  private record Outcome(int accepted, int rejected, List<RowError> errors) {}

  private Outcome store(Exchange exchange, Exchange.Media media, SampleDecoder decoder)
      throws IOException {
    String tenant = exchange.tenant();
    var ack = exchange.ack();
    DecodedBatch decoded;
    try (Body body = exchange.body(media)) {
      if (body.length() == 0) {
        throw new TidegridException(
            ErrorCode.NOT_PARSEABLE, "the request has no body; send the samples in it");
      }
      decoded = decode(decoder, tenant, body, exchange.nowMs());
    }
    if (!decoded.metadata().isEmpty()) {
      context.ingest().describe(tenant, decoded.metadata());
    }
    IngestResult stored =
        decoded.samples().size() == 0
            ? new IngestResult(0, 0, List.of())
            : context.ingest().append(tenant, decoded.samples(), ack);
    List<RowError> errors = new ArrayList<>(decoded.errors());
    errors.addAll(stored.errors());
    errors.sort(Comparator.comparingInt(RowError::index));
    return new Outcome(
        stored.accepted(),
        decoded.rejected() + stored.rejected(),
        errors.subList(0, Math.min(errors.size(), IngestResult.MAX_ERRORS)));
  }

  /**
   * Whatever a decoder stumbles over lies in the bytes it was given: the sender can change them.
   */
  private static DecodedBatch decode(SampleDecoder decoder, String tenant, Body body, long nowMs) {
    try {
      return decoder.decode(tenant, body.bytes(), body.length(), nowMs);
    } catch (TidegridException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      LOGGER.log(Level.WARNING, "A decoder failed over a body of " + body.length() + " bytes", e);
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE,
          "the body could not be understood; check that it is whole and in the format of this path",
          List.of(),
          Duration.ZERO,
          e);
    }
  }

  private static void partial(Exchange exchange, Outcome outcome, String rows) {
    if (outcome.accepted() > 0) {
      exchange.json(
          200,
          out -> {
            out.writeStartObject();
            out.writeNumberField("accepted", outcome.accepted());
            out.writeNumberField("rejected", outcome.rejected());
            out.writeArrayFieldStart("errors");
            for (RowError error : outcome.errors()) {
              out.writeStartObject();
              out.writeNumberField("index", error.index());
              out.writeStringField("code", error.code().id());
              out.writeStringField("detail", error.detail());
              out.writeEndObject();
            }
            out.writeEndArray();
            out.writeEndObject();
          });
      return;
    }
    RowError first =
        outcome.errors().isEmpty()
            ? new RowError(0, ErrorCode.INVALID_VALUE, "no row could be stored")
            : outcome.errors().getFirst();
    boolean single = rows.isEmpty() && outcome.rejected() == 1;
    List<FieldError> fields =
        outcome.errors().stream()
            .map(error -> new FieldError(single ? "" : rows + "/" + error.index(), error.detail()))
            .toList();
    String detail =
        outcome.rejected() == 1
            ? first.detail()
            : "none of the "
                + outcome.rejected()
                + " rows could be stored; the first: "
                + first.detail();
    ErrorCode code = first.code();
    exchange.problem(
        new Problem(422, code.title(), detail, code.id(), fields, java.util.Optional.empty()));
  }
}
