package io.tidegrid.http;

import io.tidegrid.model.Matcher;
import io.tidegrid.query.Grouping;
import io.tidegrid.query.MetricSummary;
import io.tidegrid.query.RollupQuery;
import io.tidegrid.query.RollupResult;
import io.tidegrid.query.RollupRow;
import io.tidegrid.query.TimeRange;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The paths that answer with whole windows, and with what windows there are. */
final class RollupResource {

  private final Queries queries;
  private final RollupStatus status;

  RollupResource(Queries queries, RollupStatus status) {
    this.queries = queries;
    this.status = status;
  }

  void addTo(Router router) {
    router
        .get("/query/rollup", queries.timed(this::rollup))
        .get("/rollups", queries.timed(this::coverage))
        .get("/api/v1/metrics/aggregated", queries.timed(this::aggregated));
  }

  private void rollup(Exchange exchange) throws IOException {
    QueryArgs args = QueryArgs.ofParams(exchange.params(), exchange.nowMs());
    windows(exchange, args, Grouping.bySeries());
  }

  private void aggregated(Exchange exchange) throws IOException {
    QueryArgs args = QueryArgs.ofParams(exchange.params(), exchange.nowMs());
    windows(exchange, args, Grouping.by(args.groupBy()));
  }

  private void windows(Exchange exchange, QueryArgs args, Grouping grouping) throws IOException {
    String tenant = exchange.tenant();
    String metric = args.metric();
    List<Matcher> matchers = args.matchers(metric);
    Optional<Tier> asked = args.window();
    TimeRange range = args.range();
    Tier window =
        asked.or(() -> queries.engine().sourceFor(tenant, range).tier()).orElse(Tier.ONE_MINUTE);
    RollupQuery question =
        new RollupQuery(tenant, matchers, range, window.windowMs(), grouping, true);
    RollupResult result =
        queries.ask(
            exchange,
            query -> {
              RollupResult found = queries.engine().rollups(question, query);
              queries.requireKnown(tenant, metric, found.rows().isEmpty(), query);
              return found;
            });
    Map<String, String> named = grouping.eachSeries() ? Map.of() : args.labels();
    exchange.points(
        result.rows().size() * (long) RollupJson.VALUES,
        out -> {
          out.writeStartObject();
          out.writeStringField("metric_name", metric);
          out.writeStringField("window", window.text());
          out.writeStringField("source", result.source().text());
          out.writeArrayFieldStart("data");
          RowLabels labels = new RowLabels(named);
          for (RollupRow row : result.rows()) {
            RollupJson.row(out, row, true, "labels", labels.of(row.labels()));
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  /** Labels of rows, which come sorted by them: made once for each run of equal ones. */
  static final class RowLabels {
    private final Map<String, String> asked;
    private io.tidegrid.model.Labels last = io.tidegrid.model.Labels.empty();
    private Map<String, String> shown;

    /**
     * @param asked shown with every row
     */
    RowLabels(Map<String, String> asked) {
      this.asked = asked;
      this.shown = asked;
    }

    Map<String, String> of(io.tidegrid.model.Labels labels) {
      if (!labels.equals(last)) {
        last = labels;
        shown = new LinkedHashMap<>(asked);
        shown.putAll(labels.toMap(false));
      }
      return shown;
    }
  }

  private void coverage(Exchange exchange) throws IOException {
    String tenant = exchange.tenant();
    Optional<String> asked = exchange.params().first("metric_name", "name", "metric");
    if (asked.isPresent()) {
      String metric = QueryArgs.metricName(asked.get(), "metric_name");
      long firstSeen =
          queries
              .ask(exchange, query -> queries.engine().metric(tenant, metric, query))
              .orElseThrow(() -> Queries.unknown(metric))
              .firstSeenMs();
      exchange.json(
          200,
          out -> {
            out.writeStartObject();
            out.writeArrayFieldStart("rollups");
            RollupJson.coverage(out, status, metric, firstSeen);
            out.writeEndArray();
            out.writeEndObject();
          });
      return;
    }
    List<MetricSummary> metrics =
        queries.ask(exchange, query -> queries.engine().metrics(tenant, "", query));
    exchange.points(
        metrics.size() * (long) RollupJson.VALUES,
        out -> {
          out.writeStartObject();
          out.writeArrayFieldStart("rollups");
          for (MetricSummary metric : metrics) {
            RollupJson.coverage(out, status, metric.name(), Long.MAX_VALUE);
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }
}
