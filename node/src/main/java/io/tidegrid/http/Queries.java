package io.tidegrid.http;

import io.tidegrid.ingest.Ingest;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.query.QueryContext;
import io.tidegrid.query.QueryEngine;
import io.tidegrid.query.SeriesSamples;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What the resources that ask the engine have in common. */
final class Queries {

  private static final Set<String> NO_LABELS =
      Set.of("start", "end", "points", "agg", "matcher", "matchers");

  private final HttpContext context;

  Queries(HttpContext context) {
    this.context = context;
  }

  /** A question to the engine. */
  @FunctionalInterface
  interface Question<T> {
    T ask(QueryContext query);
  }

  QueryEngine engine() {
    return context.engine();
  }

  Ingest ingest() {
    return context.ingest();
  }

  Downsampler downsampler() {
    return context.downsampler();
  }

  /** Counts and times the requests of an endpoint as queries. */
  Router.Endpoint timed(Router.Endpoint endpoint) {
    return exchange -> {
      long start = System.nanoTime();
      try {
        endpoint.answer(exchange);
      } finally {
        context.meters().query(System.nanoTime() - start);
      }
    };
  }

  /** Asks within the time limit, and only as long as the client is there. */
  <T> T ask(Exchange exchange, Question<T> question) {
    try (ClientWatch watch = exchange.watchClient()) {
      return question.ask(new QueryContext(context.options().requestTimeout(), watch));
    }
  }

  /**
   * Tells an empty answer of a known metric from a metric that does not exist.
   *
   * @throws TidegridException with {@link ErrorCode#UNKNOWN_METRIC}
   */
  void requireKnown(String tenant, String metric, boolean empty, QueryContext query) {
    if (empty
        && !engine().exists(tenant, List.of(Matcher.equal(Labels.METRIC_NAME, metric)), query)) {
      throw unknown(metric);
    }
  }

  static TidegridException unknown(String metric) {
    return new TidegridException(
        ErrorCode.UNKNOWN_METRIC,
        "there is no metric named \""
            + TimeParser.shortened(metric)
            + "\"; /metrics/list shows those there are");
  }

  /** Returns the conditions of a metric and of all query parameters that are names of labels. */
  static List<Matcher> labelParams(Exchange exchange, String metric) {
    List<Matcher> matchers = new ArrayList<>();
    matchers.add(Matcher.equal(Labels.METRIC_NAME, metric));
    for (String name : exchange.params().names()) {
      if (name.equals("matcher") || name.equals("matchers")) {
        for (String text : exchange.params().all(name)) {
          matchers.add(MatcherParser.parse(text, name));
        }
      } else if (!NO_LABELS.contains(name) && !name.isEmpty()) {
        exchange.params().first(name).ifPresent(value -> matchers.add(Matcher.equal(name, value)));
      }
    }
    return matchers;
  }

  /**
   * Returns the newest sample of each matching series; at least one.
   *
   * @throws TidegridException with {@link ErrorCode#UNKNOWN_METRIC} when no series matches
   */
  List<SeriesSamples> latest(
      Exchange exchange, String tenant, String metric, List<Matcher> matchers) {
    List<SeriesSamples> series =
        ask(
                exchange,
                query -> {
                  long to = exchange.nowMs() + QueryResource.MAX_FUTURE_MS;
                  List<SeriesSamples> found = engine().latest(tenant, matchers, to, query);
                  requireKnown(tenant, metric, found.isEmpty(), query);
                  return found;
                })
            .stream()
            .filter(one -> one.size() > 0)
            .toList();
    if (series.isEmpty()) {
      throw new TidegridException(
          ErrorCode.UNKNOWN_METRIC,
          "no series of "
              + TimeParser.shortened(metric)
              + " has these labels; /metrics/"
              + TimeParser.shortened(metric)
              + "/info shows those there are");
    }
    return series;
  }

  /** Returns the series with the newest sample, the first of them in the order of labels. */
  static SeriesSamples newest(List<SeriesSamples> series) {
    SeriesSamples newest = series.getFirst();
    for (SeriesSamples one : series) {
      if (one.times()[one.size() - 1] > newest.times()[newest.size() - 1]) {
        newest = one;
      }
    }
    return newest;
  }
}
