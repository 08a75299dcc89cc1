package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.query.AggregateQuery;
import io.tidegrid.query.Aggregates;
import io.tidegrid.query.Bucket;
import io.tidegrid.query.Function;
import io.tidegrid.query.Grouping;
import io.tidegrid.query.MetricDetails;
import io.tidegrid.query.MetricSummary;
import io.tidegrid.query.RollupQuery;
import io.tidegrid.query.RollupResult;
import io.tidegrid.query.RollupRow;
import io.tidegrid.query.SeriesSamples;
import io.tidegrid.query.Source;
import io.tidegrid.query.TimeRange;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The paths that answer questions about metrics, but for the dashboard's own. */
final class QueryResource {

  private static final int DEFAULT_PAGE_SIZE = 50;
  private static final int MAX_PAGE_SIZE = 1_000;

  /** Samples this far ahead of the clock may have been accepted; they are the latest then. */
  static final long MAX_FUTURE_MS = 86_400_000;

  private final Queries queries;
  private final RollupStatus status;

  QueryResource(Queries queries, RollupStatus status) {
    this.queries = queries;
    this.status = status;
  }

  void addTo(Router router) {
    router
        .post("/query", queries.timed(this::query))
        .get("/query/raw", queries.timed(this::raw))
        .get("/metrics/list", queries.timed(this::list))
        .get("/metrics/{metric}/info", queries.timed(this::info))
        .post("/api/v1/metrics/query", queries.timed(this::metricsQuery))
        .get("/api/v1/metrics/latest/{metric}", queries.timed(this::latest));
  }

  private void query(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    QueryArgs args = bodyArgs(exchange);
    Function function = args.function("function", "aggregation").orElse(Function.AVG);
    if (function == Function.RAW) {
      rows(exchange, tenant, args, Shape.QUERY);
      return;
    }
    TimeRange range = args.range();
    long interval = args.interval(range, "interval", "step");
    buckets(exchange, tenant, args, range, function, interval, Shape.QUERY);
  }

  private void raw(Exchange exchange) throws IOException {
    QueryArgs args = QueryArgs.ofParams(exchange.params(), exchange.nowMs());
    rows(exchange, exchange.tenant(), args, Shape.QUERY);
  }

  private void metricsQuery(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    QueryArgs args = bodyArgs(exchange);
    Shape shape =
        args.has("dimensions", "aggregate") && !args.has("labels")
            ? Shape.DIMENSIONS
            : Shape.AGGREGATION;
    if (args.flag("aggregate")) {
      hourly(exchange, tenant, args);
      return;
    }
    Optional<Function> function = args.function("aggregation", "function");
    TimeRange range = args.range();
    long step = args.interval(range, "step", "interval");
    if ((function.isEmpty() && step == 0) || function.equals(Optional.of(Function.RAW))) {
      rows(exchange, tenant, args, shape);
    } else {
      buckets(exchange, tenant, args, range, function.orElse(Function.AVG), step, shape);
    }
  }

  private static QueryArgs bodyArgs(Exchange exchange) throws IOException {
    try (Body body = exchange.body(Exchange.Media.JSON)) {
      return QueryArgs.ofBody(body, exchange.nowMs());
    }
  }

  /** The three spellings of one answer. */
  private enum Shape {
    QUERY("function", "labels"),
    AGGREGATION("aggregation", "labels"),
    DIMENSIONS("aggregation", "dimensions");

    private final String functionKey;
    private final String labelsKey;

    Shape(String functionKey, String labelsKey) {
      this.functionKey = functionKey;
      this.labelsKey = labelsKey;
    }

    private void head(JsonGenerator out, String metric, Function function, Source source)
        throws IOException {
      out.writeStartObject();
      out.writeStringField("metric_name", metric);
      out.writeStringField(functionKey, function.text());
      out.writeStringField("source", source.text());
      out.writeArrayFieldStart("data");
    }

    private static void tail(JsonGenerator out) throws IOException {
      out.writeEndArray();
      out.writeEndObject();
    }

    private void row(JsonGenerator out, long timeMs, double value, Map<String, String> labels)
        throws IOException {
      out.writeStartObject();
      out.writeFieldName("timestamp");
      Json.time(out, timeMs);
      out.writeFieldName("value");
      Json.number(out, value);
      out.writeFieldName(labelsKey);
      Json.map(out, labels);
      out.writeEndObject();
    }
  }

  private void rows(Exchange exchange, String tenant, QueryArgs args, Shape shape)
      throws IOException {
    String metric = args.metric();
    List<Matcher> matchers = args.matchers(metric);
    TimeRange range = args.range();
    List<SeriesSamples> series =
        queries.ask(
            exchange,
            query -> {
              List<SeriesSamples> found = queries.engine().select(tenant, matchers, range, query);
              queries.requireKnown(tenant, metric, found.isEmpty(), query);
              return found;
            });
    long points = series.stream().mapToLong(SeriesSamples::size).sum();
    exchange.points(
        points,
        out -> {
          shape.head(out, metric, Function.RAW, Source.RAW);
          for (SeriesSamples one : series) {
            Map<String, String> labels = one.labels().toMap(false);
            for (int i = 0; i < one.size(); i++) {
              shape.row(out, one.times()[i], one.values()[i], labels);
            }
          }
          Shape.tail(out);
        });
  }

  private void buckets(
      Exchange exchange,
      String tenant,
      QueryArgs args,
      TimeRange range,
      Function function,
      long interval,
      Shape shape)
      throws IOException {
    String metric = args.metric();
    AggregateQuery question =
        new AggregateQuery(
            tenant, args.matchers(metric), range, function, interval, args.groupBy());
    RollupResource.RowLabels labels = new RollupResource.RowLabels(args.labels());
    Aggregates answer =
        queries.ask(
            exchange,
            query -> {
              Aggregates found = queries.engine().aggregate(question, query);
              queries.requireKnown(tenant, metric, found.buckets().isEmpty(), query);
              return found;
            });
    exchange.points(
        answer.buckets().size(),
        out -> {
          shape.head(out, metric, function, answer.source());
          for (Bucket bucket : answer.buckets()) {
            shape.row(out, bucket.timeMs(), bucket.value(), labels.of(bucket.labels()));
          }
          Shape.tail(out);
        });
  }

  private void hourly(Exchange exchange, String tenant, QueryArgs args) throws IOException {
    String metric = args.metric();
    RollupQuery question =
        new RollupQuery(
            tenant,
            args.matchers(metric),
            args.range(),
            Tier.ONE_HOUR.windowMs(),
            Grouping.by(args.groupBy()),
            true);
    RollupResult result =
        queries.ask(
            exchange,
            query -> {
              RollupResult found = queries.engine().rollups(question, query);
              queries.requireKnown(tenant, metric, found.rows().isEmpty(), query);
              return found;
            });
    RollupResource.RowLabels labels = new RollupResource.RowLabels(args.labels());
    exchange.points(
        result.rows().size() * (long) RollupJson.VALUES,
        out -> {
          out.writeStartObject();
          out.writeStringField("metric_name", metric);
          out.writeBooleanField("aggregate", true);
          out.writeStringField("source", result.source().text());
          out.writeArrayFieldStart("data");
          for (RollupRow row : result.rows()) {
            RollupJson.row(out, row, false, "dimensions", labels.of(row.labels()));
          }
          Shape.tail(out);
        });
  }

  private void list(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String search = exchange.params().first("search").orElse("");
    int page = exchange.params().integer("page", 1, 1, Integer.MAX_VALUE);
    int size = exchange.params().integer("page_size", DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE);
    List<MetricSummary> all =
        queries.ask(exchange, query -> queries.engine().metrics(tenant, search, query));
    int from = (int) Math.min((page - 1L) * size, all.size());
    List<MetricSummary> shown = all.subList(from, Math.min(from + size, all.size()));
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart("metrics");
          for (MetricSummary metric : shown) {
            MetricMetadata said = queries.ingest().description(tenant, metric.name());
            out.writeStartObject();
            out.writeStringField("name", metric.name());
            Json.textOrNull(out, "type", said.type());
            Json.textOrNull(out, "unit", said.unit());
            out.writeNumberField("series", metric.series());
            RollupJson.timeOrNull(out, "last_seen", metric.lastSeenMs());
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeNumberField("total", all.size());
          out.writeNumberField("page", page);
          out.writeNumberField("page_size", size);
          out.writeEndObject();
        });
  }

  private void info(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String metric = QueryArgs.metricName(exchange.pathParameter(), "metric_name");
    MetricDetails details =
        queries
            .ask(exchange, query -> queries.engine().metric(tenant, metric, query))
            .orElseThrow(() -> Queries.unknown(metric));
    MetricMetadata said = queries.ingest().description(tenant, metric);
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeStringField("metric_name", metric);
          Json.textOrNull(out, "type", said.type());
          Json.textOrNull(out, "unit", said.unit());
          Json.textOrNull(out, "help", said.help());
          out.writeNumberField("series", details.series());
          out.writeObjectFieldStart("labels");
          for (Map.Entry<String, List<String>> label : details.labels().entrySet()) {
            out.writeArrayFieldStart(label.getKey());
            for (String value : label.getValue()) {
              out.writeString(value);
            }
            out.writeEndArray();
          }
          out.writeEndObject();
          RollupJson.timeOrNull(out, "first_seen", details.firstSeenMs());
          RollupJson.timeOrNull(out, "last_seen", details.lastSeenMs());
          out.writeNumberField("samples", details.samples());
          out.writeArrayFieldStart("rollups");
          RollupJson.coverage(out, status, metric, details.firstSeenMs());
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private void latest(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String metric = QueryArgs.metricName(exchange.pathParameter(), "metric_name");
    List<SeriesSamples> series =
        queries.latest(exchange, tenant, metric, Queries.labelParams(exchange, metric));
    SeriesSamples newest = Queries.newest(series);
    MetricMetadata said = queries.ingest().description(tenant, metric);
    exchange.points(
        series.size(),
        out -> {
          out.writeStartObject();
          out.writeStringField("metric_name", metric);
          Json.textOrNull(out, "type", said.type());
          Json.textOrNull(out, "unit", said.unit());
          latestFields(out, newest);
          out.writeArrayFieldStart("series");
          for (SeriesSamples one : series) {
            out.writeStartObject();
            latestFields(out, one);
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private static void latestFields(JsonGenerator out, SeriesSamples series) throws IOException {
    int last = series.size() - 1;
    out.writeFieldName("timestamp");
    Json.time(out, series.times()[last]);
    out.writeFieldName("value");
    Json.number(out, series.values()[last]);
    out.writeFieldName("labels");
    Json.map(out, series.labels().toMap(false));
  }
}
