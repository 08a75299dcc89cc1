package io.tidegrid.http;

import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.ingest.IngestResult;
import io.tidegrid.ingest.RowError;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.TidegridException;
import io.tidegrid.query.AggregateQuery;
import io.tidegrid.query.Aggregates;
import io.tidegrid.query.Bucket;
import io.tidegrid.query.Function;
import io.tidegrid.query.MetricDetails;
import io.tidegrid.query.MetricSummary;
import io.tidegrid.query.QueryContext;
import io.tidegrid.query.QueryEngine;
import io.tidegrid.query.RollupQuery;
import io.tidegrid.query.RollupResult;
import io.tidegrid.query.RollupRow;
import io.tidegrid.query.SeriesSamples;
import io.tidegrid.query.Source;
import io.tidegrid.query.TimeRange;
import io.tidegrid.tier.Tier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** Samples in a map, and answers computed in the plainest way. */
final class FakeGrid implements Ingest, QueryEngine {

  /** Samples at this time are refused, as those too old would be. */
  static final long REFUSED_TIME = 0;

  /** A metric whose queries run until they are cancelled. */
  static final String ENDLESS = "endless";

  final AtomicReference<Optional<TidegridException>> failure =
      new AtomicReference<>(Optional.empty());
  final AtomicReference<Ack> lastAck = new AtomicReference<>(Ack.REPLICATED);
  final AtomicReference<String> endlessState = new AtomicReference<>("not asked");

  private final Map<String, Map<Labels, NavigableMap<Long, Double>>> tenants = new TreeMap<>();
  private final Map<String, MetricMetadata> said = new ConcurrentHashMap<>();

  private void maybeFail() {
    failure
        .get()
        .ifPresent(e -> {
          throw e;
        });
  }

  @Override
  public synchronized IngestResult append(String tenant, SampleBatch batch, Ack ack) {
    maybeFail();
    lastAck.set(ack);
    List<RowError> errors = new ArrayList<>();
    int accepted = 0;
    for (int i = 0; i < batch.size(); i++) {
      if (batch.times()[i] == REFUSED_TIME) {
        errors.add(
            new RowError(batch.row(i), ErrorCode.SAMPLE_TOO_OLD, "the sample is too old to keep"));
      } else {
        series(tenant)
            .computeIfAbsent(batch.keys()[i].labels(), l -> new TreeMap<>())
            .put(batch.times()[i], batch.values()[i]);
        accepted++;
      }
    }
    return new IngestResult(accepted, errors.size(), errors);
  }

  private Map<Labels, NavigableMap<Long, Double>> series(String tenant) {
    return tenants.computeIfAbsent(tenant, t -> new TreeMap<>());
  }

  @Override
  public void describe(String tenant, List<MetricMetadata> metadata) {
    metadata.forEach(m -> said.put(tenant + '/' + m.metric(), m));
  }

  @Override
  public MetricMetadata description(String tenant, String metric) {
    return said.getOrDefault(tenant + '/' + metric, new MetricMetadata(metric, "", "", ""));
  }

  private static boolean matches(Labels labels, List<Matcher> matchers) {
    return matchers.stream().allMatch(m -> m.matches(labels.get(m.name())));
  }

  @Override
  public synchronized List<SeriesSamples> select(
      String tenant, List<Matcher> matchers, TimeRange range, QueryContext context) {
    maybeFail();
    if (matchers.contains(Matcher.equal(Labels.METRIC_NAME, ENDLESS))) {
      endlessState.set("asked");
      while (!context.cancelled().getAsBoolean()) {
        Thread.onSpinWait();
      }
      endlessState.set("cancelled");
      throw new TidegridException(ErrorCode.CANCELLED, "the client went away");
    }
    List<SeriesSamples> found = new ArrayList<>();
    series(tenant)
        .forEach((labels, samples) -> {
          var inside = samples.subMap(range.fromMs(), true, range.toMs(), true);
          if (matches(labels, matchers) && !inside.isEmpty()) {
            found.add(
                new SeriesSamples(
                    labels,
                    inside.keySet().stream().mapToLong(t -> t).toArray(),
                    inside.values().stream().mapToDouble(v -> v).toArray()));
          }
        });
    return found;
  }

  @Override
  public Aggregates aggregate(AggregateQuery query, QueryContext context) {
    return new Aggregates(sourceFor(query.tenant(), query.range()), buckets(query, context));
  }

  @Override
  public Source sourceFor(String tenant, TimeRange range) {
    long length = range.toMs() - range.fromMs();
    return length <= HOUR_MS
        ? Source.RAW
        : length <= 24 * HOUR_MS
            ? Source.ONE_MINUTE
            : length <= 7 * 24 * HOUR_MS ? Source.ONE_HOUR : Source.ONE_DAY;
  }

  private static final long HOUR_MS = 3_600_000;

  @Override
  public RollupResult rollups(RollupQuery query, QueryContext context) {
    Map<Labels, TreeMap<Long, List<Double>>> groups = new TreeMap<>();
    for (SeriesSamples one : select(query.tenant(), query.matchers(), query.range(), context)) {
      Labels.Builder group = Labels.builder();
      query.grouping().labels().forEach(name -> group.set(name, one.labels().get(name)));
      for (int i = 0; i < one.size(); i++) {
        groups
            .computeIfAbsent(
                query.grouping().eachSeries() ? one.labels() : group.build(), g -> new TreeMap<>())
            .computeIfAbsent(
                Math.floorDiv(one.times()[i], query.windowMs()) * query.windowMs(),
                w -> new ArrayList<>())
            .add(one.values()[i]);
      }
    }
    List<RollupRow> rows = new ArrayList<>();
    groups.forEach((labels, windows) ->
        windows.forEach((time, values) -> rows.add(row(labels, time, values))));
    Source source =
        Arrays.stream(Tier.values())
            .filter(tier -> tier.windowMs() == query.windowMs())
            .map(Source::of)
            .findFirst()
            .orElse(Source.RAW);
    return new RollupResult(source, rows);
  }

  private static RollupRow row(Labels labels, long time, List<Double> values) {
    return new RollupRow(
        labels,
        time,
        values.size(),
        value(Function.SUM, values),
        value(Function.MIN, values),
        value(Function.MAX, values),
        values.getFirst(),
        time,
        values.getLast(),
        time,
        0,
        0,
        0,
        0,
        value(Function.P50, values),
        value(Function.P90, values),
        value(Function.P95, values),
        value(Function.P99, values));
  }

  private List<Bucket> buckets(AggregateQuery query, QueryContext context) {
    Map<Labels, TreeMap<Long, List<Double>>> groups = new TreeMap<>();
    for (SeriesSamples one : select(query.tenant(), query.matchers(), query.range(), context)) {
      Labels.Builder group = Labels.builder();
      query.groupBy().forEach(name -> group.set(name, one.labels().get(name)));
      for (int i = 0; i < one.size(); i++) {
        long window =
            query.intervalMs() == 0
                ? query.range().fromMs()
                : Math.floorDiv(one.times()[i], query.intervalMs()) * query.intervalMs();
        groups
            .computeIfAbsent(group.build(), g -> new TreeMap<>())
            .computeIfAbsent(window, w -> new ArrayList<>())
            .add(one.values()[i]);
      }
    }
    List<Bucket> buckets = new ArrayList<>();
    groups.forEach((labels, windows) ->
        windows.forEach((time, values) ->
            buckets.add(new Bucket(labels, time, value(query.function(), values)))));
    return buckets;
  }

  private static double value(Function function, List<Double> values) {
    double[] sorted = values.stream().mapToDouble(v -> v).sorted().toArray();
    return switch (function) {
      case COUNT -> sorted.length;
      case SUM -> Arrays.stream(sorted).sum();
      case MIN -> sorted[0];
      case MAX -> sorted[sorted.length - 1];
      case P50, P90, P95, P99 -> sorted[sorted.length / 2];
      case LAST -> values.getLast();
      case FIRST -> values.getFirst();
      case AVG, RATE, INCREASE, DELTA, STDDEV, RAW -> Arrays.stream(sorted).average().orElseThrow();
    };
  }

  @Override
  public synchronized List<SeriesSamples> latest(
      String tenant, List<Matcher> matchers, long toMs, QueryContext context) {
    return select(tenant, matchers, new TimeRange(Long.MIN_VALUE, toMs), context).stream()
        .map(s ->
            new SeriesSamples(
                s.labels(),
                new long[] {s.times()[s.size() - 1]},
                new double[] {s.values()[s.size() - 1]}))
        .toList();
  }

  @Override
  public synchronized boolean exists(String tenant, List<Matcher> matchers, QueryContext context) {
    return series(tenant).keySet().stream().anyMatch(labels -> matches(labels, matchers));
  }

  @Override
  public synchronized List<MetricSummary> metrics(
      String tenant, String search, QueryContext context) {
    maybeFail();
    TreeMap<String, MetricSummary> metrics = new TreeMap<>();
    series(tenant)
        .forEach((labels, samples) ->
            metrics.merge(
                labels.metricName(),
                new MetricSummary(labels.metricName(), 1, samples.lastKey()),
                (a, b) ->
                    new MetricSummary(
                        a.name(), a.series() + 1, Math.max(a.lastSeenMs(), b.lastSeenMs()))));
    return metrics.values().stream().filter(m -> m.name().contains(search)).toList();
  }

  @Override
  public synchronized Optional<MetricDetails> metric(
      String tenant, String metric, QueryContext context) {
    TreeMap<String, TreeSet<String>> values = new TreeMap<>();
    long first = Long.MAX_VALUE;
    long last = Long.MIN_VALUE;
    long samples = 0;
    long count = 0;
    for (var entry : series(tenant).entrySet()) {
      if (entry.getKey().metricName().equals(metric)) {
        entry
            .getKey()
            .toMap(false)
            .forEach((n, v) -> values.computeIfAbsent(n, x -> new TreeSet<>()).add(v));
        first = Math.min(first, entry.getValue().firstKey());
        last = Math.max(last, entry.getValue().lastKey());
        samples += entry.getValue().size();
        count++;
      }
    }
    if (count == 0) {
      return Optional.empty();
    }
    Map<String, List<String>> labels = new TreeMap<>();
    values.forEach((n, v) -> labels.put(n, List.copyOf(v)));
    return Optional.of(new MetricDetails(metric, count, labels, first, last, samples));
  }

  @Override
  public synchronized List<String> labelValues(
      String tenant, String label, List<Matcher> matchers, QueryContext context) {
    return series(tenant).keySet().stream()
        .filter(labels -> matches(labels, matchers))
        .map(labels -> labels.get(label))
        .filter(value -> !value.isEmpty())
        .distinct()
        .sorted()
        .toList();
  }
}
