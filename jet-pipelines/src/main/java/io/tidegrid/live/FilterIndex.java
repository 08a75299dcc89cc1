package io.tidegrid.live;

import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * All filters of all members, so arranged that a series is compared with few of them: by tenant, by
 * the metric name they require, and by the value they require of one more label. Built once, then
 * only read.
 */
final class FilterIndex {

  static final FilterIndex EMPTY = new FilterIndex();

  /** Where samples of a series go, and as what. */
  record Route(Target target, SeriesMatch match) {}

  static final Route[] NOWHERE = {};

  private record Entry(Target target, int number, LiveFilter filter) {}

  /** Filters with the same tenant and metric name. */
  private static final class Bucket {
    private final Map<String, Map<String, List<Entry>>> byLabel = new HashMap<>();
    private final List<Entry> others = new ArrayList<>();

    private void add(Entry entry) {
      for (Matcher matcher : entry.filter().matchers()) {
        if (matcher.type() == Matcher.Type.EQUAL
            && !matcher.name().equals(Labels.METRIC_NAME)
            && !matcher.value().isEmpty()) {
          byLabel
              .computeIfAbsent(matcher.name(), name -> new HashMap<>())
              .computeIfAbsent(matcher.value(), value -> new ArrayList<>())
              .add(entry);
          return;
        }
      }
      others.add(entry);
    }

    private void find(Labels labels, Consumer<Entry> found) {
      byLabel.forEach((label, byValue) ->
          collect(byValue.getOrDefault(labels.get(label), List.of()), labels, found));
      collect(others, labels, found);
    }

    private static void collect(List<Entry> entries, Labels labels, Consumer<Entry> found) {
      for (Entry entry : entries) {
        if (entry.filter().matches(labels)) {
          found.accept(entry);
        }
      }
    }
  }

  /** By tenant, then by metric name; the empty name for filters that require none. */
  private final Map<String, Map<String, Bucket>> byTenant = new HashMap<>();

  void add(Target target, int number, LiveFilter filter) {
    byTenant
        .computeIfAbsent(filter.tenant(), tenant -> new HashMap<>())
        .computeIfAbsent(filter.requiredValue(Labels.METRIC_NAME), metric -> new Bucket())
        .add(new Entry(target, number, filter));
  }

  /** Returns where samples of a series go; one route for each member. */
  Route[] routes(String tenant, Labels labels) {
    Map<String, Bucket> byMetric = byTenant.get(tenant);
    if (byMetric == null) {
      return NOWHERE;
    }
    Map<Target, List<Integer>> found = new LinkedHashMap<>();
    Consumer<Entry> collector =
        entry -> found.computeIfAbsent(entry.target(), t -> new ArrayList<>(1)).add(entry.number());
    String metric = labels.metricName();
    if (!metric.isEmpty() && byMetric.containsKey(metric)) {
      byMetric.get(metric).find(labels, collector);
    }
    if (byMetric.containsKey("")) {
      byMetric.get("").find(labels, collector);
    }
    if (found.isEmpty()) {
      return NOWHERE;
    }
    List<Route> routes = new ArrayList<>(found.size());
    found.forEach((target, numbers) ->
        routes.add(
            new Route(
                target,
                new SeriesMatch(labels, numbers.stream().mapToInt(Integer::intValue).toArray()))));
    return routes.toArray(NOWHERE);
  }
}
