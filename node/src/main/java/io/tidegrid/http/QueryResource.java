package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.query.AggregateQuery;
import io.tidegrid.query.Bucket;
import io.tidegrid.query.Function;
import io.tidegrid.query.MetricDetails;
import io.tidegrid.query.MetricSummary;
import io.tidegrid.query.SeriesSamples;
import io.tidegrid.query.TimeRange;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The paths that answer questions about metrics, but for the dashboard's own. */
final class QueryResource {

  private static final int DEFAULT_PAGE_SIZE = 50;
  private static final int MAX_PAGE_SIZE = 1_000;

  /** Samples this far ahead of the clock may have been accepted; they are the latest then. */
  static final long MAX_FUTURE_MS = 86_400_000;

  /** Rollups do not exist yet: every answer comes from raw samples. */
  private static final String SOURCE = "raw";

  private static final long HOUR_MS = 3_600_000;

  private final Queries queries;

  QueryResource(Queries queries) {
    this.queries = queries;
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

    private void head(JsonGenerator out, String metric, Function function) throws IOException {
      out.writeStartObject();
      out.writeStringField("metric_name", metric);
      out.writeStringField(functionKey, function.text());
      out.writeStringField("source", SOURCE);
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
          shape.head(out, metric, Function.RAW);
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
    Map<String, String> asked = args.labels();
    List<Bucket> buckets =
        queries.ask(
            exchange,
            query -> {
              List<Bucket> found = queries.engine().aggregate(question, query);
              queries.requireKnown(tenant, metric, found.isEmpty(), query);
              return found;
            });
    exchange.points(
        buckets.size(),
        out -> {
          shape.head(out, metric, function);
          Labels last = Labels.empty();
          Map<String, String> labels = asked;
          for (Bucket bucket : buckets) {
            if (!bucket.labels().equals(last)) {
              last = bucket.labels();
              labels = new LinkedHashMap<>(asked);
              labels.putAll(last.toMap(false));
            }
            shape.row(out, bucket.timeMs(), bucket.value(), labels);
          }
          Shape.tail(out);
        });
  }

  private static final List<Function> HOURLY =
      List.of(
          Function.COUNT,
          Function.SUM,
          Function.AVG,
          Function.MIN,
          Function.MAX,
          Function.P50,
          Function.P95,
          Function.P99);

  private record HourKey(Labels labels, long timeMs) {}

  private void hourly(Exchange exchange, String tenant, QueryArgs args) throws IOException {
    String metric = args.metric();
    List<Matcher> matchers = args.matchers(metric);
    TimeRange range = args.range();
    List<String> groupBy = args.groupBy();
    Map<String, String> asked = args.labels();
    Map<HourKey, double[]> hours = new LinkedHashMap<>();
    queries.ask(
        exchange,
        query -> {
          for (int i = 0; i < HOURLY.size(); i++) {
            AggregateQuery question =
                new AggregateQuery(tenant, matchers, range, HOURLY.get(i), HOUR_MS, groupBy);
            for (Bucket bucket : queries.engine().aggregate(question, query)) {
              HourKey key = new HourKey(bucket.labels(), bucket.timeMs());
              double[] figures = hours.computeIfAbsent(key, k -> emptyFigures());
              figures[i] = bucket.value();
            }
          }
          queries.requireKnown(tenant, metric, hours.isEmpty(), query);
          return hours;
        });
    exchange.points(
        hours.size() * (long) HOURLY.size(),
        out -> {
          out.writeStartObject();
          out.writeStringField("metric_name", metric);
          out.writeBooleanField("aggregate", true);
          out.writeStringField("source", SOURCE);
          out.writeArrayFieldStart("data");
          for (Map.Entry<HourKey, double[]> hour : hours.entrySet()) {
            out.writeStartObject();
            out.writeFieldName("timestamp");
            Json.time(out, Math.floorDiv(hour.getKey().timeMs(), HOUR_MS) * HOUR_MS);
            for (int i = 0; i < HOURLY.size(); i++) {
              out.writeFieldName(HOURLY.get(i).text());
              Json.number(out, hour.getValue()[i]);
            }
            Map<String, String> labels = new LinkedHashMap<>(asked);
            labels.putAll(hour.getKey().labels().toMap(false));
            out.writeFieldName("dimensions");
            Json.map(out, labels);
            out.writeEndObject();
          }
          Shape.tail(out);
        });
  }

  private static double[] emptyFigures() {
    double[] figures = new double[HOURLY.size()];
    java.util.Arrays.fill(figures, Double.NaN);
    return figures;
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
            timeOrNull(out, "last_seen", metric.lastSeenMs());
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeNumberField("total", all.size());
          out.writeNumberField("page", page);
          out.writeNumberField("page_size", size);
          out.writeEndObject();
        });
  }

  private static void timeOrNull(JsonGenerator out, String name, long timeMs) throws IOException {
    out.writeFieldName(name);
    if (timeMs == Long.MIN_VALUE || timeMs == Long.MAX_VALUE) {
      out.writeNull();
    } else {
      Json.time(out, timeMs);
    }
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
          timeOrNull(out, "first_seen", details.firstSeenMs());
          timeOrNull(out, "last_seen", details.lastSeenMs());
          out.writeNumberField("samples", details.samples());
          out.writeArrayFieldStart("rollups");
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
