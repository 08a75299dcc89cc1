package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.store.SeriesView;
import io.tidegrid.store.ShardView;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/** A shard whose content and state a test sets. */
final class FakeShard implements ShardView {

  private final int shard;
  private final Map<String, Collection<FakeSeries>> tenants = new ConcurrentHashMap<>();
  volatile long wholeFromMs = Long.MIN_VALUE;
  volatile boolean directoryWhole = true;
  volatile RollupDirt dirt = RollupDirt.NONE;

  FakeShard(int shard) {
    this.shard = shard;
  }

  FakeSeries add(String tenant, FakeSeries series) {
    tenants.computeIfAbsent(tenant, ignored -> new ConcurrentLinkedQueue<>()).add(series);
    return series;
  }

  void clear() {
    tenants.clear();
    wholeFromMs = Long.MIN_VALUE;
    dirt = RollupDirt.NONE;
  }

  @Override
  public int shard() {
    return shard;
  }

  @Override
  public long wholeFromMs() {
    return wholeFromMs;
  }

  @Override
  public boolean directoryWhole() {
    return directoryWhole;
  }

  @Override
  public RollupDirt dirt() {
    return dirt;
  }

  @Override
  public Set<String> tenants() {
    return tenants.keySet();
  }

  @Override
  public void select(String tenant, List<Matcher> matchers, Consumer<SeriesView> consumer) {
    for (FakeSeries series : tenants.getOrDefault(tenant, List.of())) {
      if (matchers.stream().allMatch(m -> m.matches(series.labels().get(m.name())))) {
        consumer.accept(series);
      }
    }
  }

  @Override
  public Set<String> labelNames(String tenant) {
    Set<String> names = new TreeSet<>();
    tenants
        .getOrDefault(tenant, List.of())
        .forEach(series -> series.labels().forEach((name, value) -> names.add(name)));
    return names;
  }

  @Override
  public Set<String> labelValues(String tenant, String label) {
    Set<String> values = new TreeSet<>();
    for (FakeSeries series : tenants.getOrDefault(tenant, List.of())) {
      String value = series.labels().get(label);
      if (!value.isEmpty()) {
        values.add(value);
      }
    }
    return values;
  }
}
