package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.query.Grouping;
import io.tidegrid.query.MetricSummary;
import io.tidegrid.query.QueryContext;
import io.tidegrid.query.RollupQuery;
import io.tidegrid.query.RollupRow;
import io.tidegrid.query.SeriesSamples;
import io.tidegrid.query.Source;
import io.tidegrid.query.TimeRange;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The paths that charts and cards of a dashboard read. */
final class DashboardResource {

  private static final int DEFAULT_POINTS = 800;
  private static final int MAX_POINTS = 100_000;
  private static final String DEFAULT_START = "1h";

  private final Queries queries;

  DashboardResource(Queries queries) {
    this.queries = queries;
  }

  void addTo(Router router) {
    router
        .get("/api/metrics", queries.timed(this::metrics))
        .get("/api/hosts", queries.timed(this::hosts))
        .get("/api/metrics/{metric}", queries.timed(this::chart))
        .get("/api/metrics/{metric}/latest", queries.timed(this::latest));
  }

  private void metrics(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    List<MetricSummary> metrics =
        queries.ask(exchange, query -> queries.engine().metrics(tenant, "", query));
    names(exchange, "metrics", metrics.stream().map(MetricSummary::name).toList());
  }

  private void hosts(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    List<String> hosts =
        queries.ask(
            exchange, query -> queries.engine().labelValues(tenant, "host", List.of(), query));
    names(exchange, "hosts", hosts);
  }

  private static void names(Exchange exchange, String key, List<String> names) throws IOException {
    exchange.points(
        names.size(),
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart(key);
          for (String name : names) {
            out.writeString(name);
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private void chart(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String metric = QueryArgs.metricName(exchange.pathParameter(), "metric_name");
    Params params = exchange.params();
    int points = params.integer("points", DEFAULT_POINTS, 1, MAX_POINTS);
    SeriesMerge merge = SeriesMerge.of(params.first("agg").orElse("avg"), "agg");
    String start = params.first("start").orElse(DEFAULT_START);
    TimeRange range = range(exchange, start);
    List<Matcher> matchers = Queries.labelParams(exchange, metric);
    Source source = queries.engine().sourceFor(tenant, range);
    SeriesSamples all =
        queries.ask(
            exchange,
            query -> {
              SeriesSamples found =
                  source
                      .tier()
                      .map(tier -> windows(tenant, matchers, range, tier, merge, query))
                      .orElseGet(() ->
                          merge.apply(queries.engine().select(tenant, matchers, range, query)));
              queries.requireKnown(tenant, metric, found.size() == 0, query);
              return found;
            });
    SeriesSamples shown = all.size() > points ? queries.downsampler().downsample(all, points) : all;
    Optional<String> host = params.first("host");
    exchange.points(
        shown.size(),
        out -> {
          out.writeStartObject();
          out.writeStringField("metric_name", metric);
          out.writeStringField("start", start);
          Json.textOrNull(out, "host", host.orElse(""));
          out.writeNumberField("points_requested", points);
          out.writeNumberField("points_returned", shown.size());
          out.writeStringField("data_source", RollupJson.view(source));
          out.writeArrayFieldStart("data");
          for (int i = 0; i < shown.size(); i++) {
            out.writeStartObject();
            out.writeFieldName("time");
            Json.time(out, shown.times()[i]);
            out.writeFieldName("value");
            Json.number(out, shown.values()[i]);
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private static TimeRange range(Exchange exchange, String start) {
    long now = exchange.nowMs();
    long end =
        exchange
            .params()
            .first("end")
            .map(text -> TimeParser.time(text, "end", now, true))
            .orElse(now);
    long from = TimeParser.time(start, "start", now, true);
    if (from > end) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_RANGE, "start", "the start lies after the end; change one of them");
    }
    return new TimeRange(from, end);
  }

  /** Reads the whole windows that begin in the range, the unfinished one among them. */
  private SeriesSamples windows(
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      Tier tier,
      SeriesMerge merge,
      QueryContext query) {
    long length = tier.windowMs();
    long last = tier.startOf(range.toMs());
    long first = Math.min(Math.ceilDiv(range.fromMs(), length) * length, last);
    TimeRange whole = new TimeRange(first, last + length - 1);
    RollupQuery question =
        new RollupQuery(tenant, matchers, whole, length, Grouping.by(List.of()), false);
    List<RollupRow> rows = queries.engine().rollups(question, query).rows();
    long[] times = new long[rows.size()];
    double[] values = new double[rows.size()];
    for (int i = 0; i < times.length; i++) {
      times[i] = rows.get(i).timeMs();
      values[i] = merge.figure(rows.get(i));
    }
    return new SeriesSamples(Labels.empty(), times, values);
  }

  private void latest(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    String metric = QueryArgs.metricName(exchange.pathParameter(), "metric_name");
    SeriesSamples newest =
        Queries.newest(
            queries.latest(exchange, tenant, metric, Queries.labelParams(exchange, metric)));
    int last = newest.size() - 1;
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeStringField("metric_name", metric);
          Json.textOrNull(out, "host", newest.labels().get("host"));
          out.writeFieldName("time");
          Json.time(out, newest.times()[last]);
          out.writeFieldName("value");
          Json.number(out, newest.values()[last]);
          out.writeEndObject();
        });
  }
}
