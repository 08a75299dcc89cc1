package io.tidegrid.alerting;

import io.tidegrid.alert.GroupSource;
import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.WindowFunction;
import io.tidegrid.query.AggregateQuery;
import io.tidegrid.query.Bucket;
import io.tidegrid.query.Function;
import io.tidegrid.query.QueryContext;
import io.tidegrid.query.QueryEngine;
import io.tidegrid.query.SeriesSamples;
import io.tidegrid.query.TimeRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Evaluates rules that belong to no one series by the query engine, over the shards of all members.
 *
 * <p>The value of a group in a rolling window is that of {@code /query}: rate and increase are
 * computed for each series and summed, all other functions pool the samples. The value of a group
 * without a window is the average of the newest values of its series, of those that had one within
 * {@code staleAfter}. Safe for use by many threads.
 */
public final class QueryGroupSource implements GroupSource {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final QueryEngine queries;
  private final long staleAfterMs;

  /**
   * @param staleAfter how old the newest sample of a series may be to count
   */
  public QueryGroupSource(QueryEngine queries, Duration staleAfter) {
    this.queries = queries;
    this.staleAfterMs = staleAfter.toMillis();
  }

  @Override
  public List<GroupValue> values(AlertRule rule, long nowMs) {
    return switch (rule.spec().condition()) {
      case AlertCondition.Threshold _ -> newest(rule, nowMs);
      case AlertCondition.Window window -> windows(rule, window, nowMs);
      case AlertCondition.Absent absent -> absent(rule, absent.range().toMillis(), nowMs);
    };
  }

  private static List<Matcher> matchers(AlertRule rule) {
    List<Matcher> all = new ArrayList<>();
    all.add(Matcher.equal(Labels.METRIC_NAME, rule.spec().metric()));
    all.addAll(rule.spec().matchers());
    return all;
  }

  private static Labels.Builder named(AlertRule rule) {
    return Labels.builder().add(Labels.METRIC_NAME, rule.spec().metric());
  }

  private static Labels group(AlertRule rule, Labels series) {
    Labels.Builder builder = named(rule);
    for (String name : rule.spec().groupBy()) {
      builder.set(name, series.get(name));
    }
    return builder.build();
  }

  private List<GroupValue> newest(AlertRule rule, long nowMs) {
    Map<Labels, double[]> sums = new HashMap<>();
    for (SeriesSamples series : latest(rule, nowMs)) {
      double value = series.values()[0];
      if (nowMs - series.times()[0] < staleAfterMs && !Double.isNaN(value)) {
        double[] sum = sums.computeIfAbsent(group(rule, series.labels()), g -> new double[2]);
        sum[0] += value;
        sum[1]++;
      }
    }
    List<GroupValue> values = new ArrayList<>(sums.size());
    sums.forEach((labels, sum) -> values.add(new GroupValue(labels, sum[0] / sum[1])));
    return values;
  }

  /** Samples may come from a little ahead. */
  private List<SeriesSamples> latest(AlertRule rule, long nowMs) {
    return queries
        .latest(rule.tenant(), matchers(rule), nowMs + staleAfterMs, QueryContext.of(TIMEOUT))
        .stream()
        .filter(series -> series.size() > 0)
        .toList();
  }

  private List<GroupValue> windows(AlertRule rule, AlertCondition.Window window, long nowMs) {
    List<GroupValue> values = new ArrayList<>();
    AggregateQuery query =
        new AggregateQuery(
            rule.tenant(),
            matchers(rule),
            new TimeRange(nowMs - window.range().toMillis() + 1, nowMs),
            function(window.function()),
            0,
            rule.spec().groupBy());
    for (Bucket bucket : queries.aggregate(query, QueryContext.of(TIMEOUT)).buckets()) {
      values.add(new GroupValue(group(rule, bucket.labels()), bucket.value()));
    }
    return values;
  }

  private static Function function(WindowFunction function) {
    return switch (function) {
      case AVG -> Function.AVG;
      case MIN -> Function.MIN;
      case MAX -> Function.MAX;
      case SUM -> Function.SUM;
      case COUNT -> Function.COUNT;
      case RATE -> Function.RATE;
      case INCREASE -> Function.INCREASE;
      case STDDEV -> Function.STDDEV;
      case P50 -> Function.P50;
      case P90 -> Function.P90;
      case P95 -> Function.P95;
      case P99 -> Function.P99;
    };
  }

  private List<GroupValue> absent(AlertRule rule, long rangeMs, long nowMs) {
    if (rule.spec().groupBy().isEmpty()) {
      return queries.exists(rule.tenant(), matchers(rule), QueryContext.of(TIMEOUT))
          ? List.of()
          : List.of(new GroupValue(ofMatchers(rule), Double.NaN));
    }
    Map<Labels, Long> newest = new HashMap<>();
    for (SeriesSamples series : latest(rule, nowMs)) {
      newest.merge(group(rule, series.labels()), series.times()[0], Math::max);
    }
    if (newest.isEmpty()) {
      return List.of(new GroupValue(ofMatchers(rule), Double.NaN));
    }
    return newest.entrySet().stream()
        .filter(entry -> nowMs - entry.getValue() >= rangeMs)
        .map(entry -> new GroupValue(entry.getKey(), Double.NaN))
        .toList();
  }

  /** Returns the labels that the rule's equality matchers give, as Prometheus does. */
  private static Labels ofMatchers(AlertRule rule) {
    Labels.Builder builder = named(rule);
    for (Matcher matcher : rule.spec().matchers()) {
      if (matcher.type() == Matcher.Type.EQUAL) {
        builder.set(matcher.name(), matcher.value());
      }
    }
    return builder.build();
  }
}
