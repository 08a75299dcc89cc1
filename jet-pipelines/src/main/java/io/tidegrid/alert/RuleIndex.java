package io.tidegrid.alert;

import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The enabled rules, so arranged that a series is compared with few of them: by tenant, by metric
 * name, and by the value they require of one more label. Used by one thread.
 */
final class RuleIndex {

  /** A rule that came, went, or was changed: then it has both. */
  record Change(Optional<CompiledRule> before, Optional<CompiledRule> after) {}

  private record Id(String tenant, String rule) {}

  private record Metric(String tenant, String name) {}

  /** Rules of one metric. */
  private static final class Bucket {
    private final Map<String, Map<String, Set<CompiledRule>>> byLabel = new HashMap<>();
    private final Set<CompiledRule> others = new HashSet<>();

    /** Those that every series of the metric meets. */
    private final Set<CompiledRule> ofAll = new HashSet<>();

    /** By what they meet beside those, so that series with the same rules share them. */
    private final Map<Set<CompiledRule>, RuleSet> sets = new HashMap<>();

    private int size;

    private Set<CompiledRule> place(CompiledRule rule) {
      if (rule.rule.spec().matchers().isEmpty()) {
        return ofAll;
      }
      for (Matcher matcher : rule.rule.spec().matchers()) {
        if (matcher.type() == Matcher.Type.EQUAL && !matcher.value().isEmpty()) {
          return byLabel
              .computeIfAbsent(matcher.name(), name -> new HashMap<>())
              .computeIfAbsent(matcher.value(), value -> new HashSet<>());
        }
      }
      return others;
    }

    private RuleSet match(Labels labels) {
      Set<CompiledRule> found = new HashSet<>();
      find(labels, found::add);
      return sets.computeIfAbsent(
          found,
          some -> {
            List<CompiledRule> all = new ArrayList<>(ofAll);
            all.addAll(some);
            return all.isEmpty() ? RuleSet.EMPTY : new RuleSet(all);
          });
    }

    private void find(Labels labels, Consumer<CompiledRule> found) {
      byLabel.forEach((label, byValue) ->
          collect(byValue.getOrDefault(labels.get(label), Set.of()), labels, found));
      collect(others, labels, found);
    }

    private static void collect(
        Set<CompiledRule> rules, Labels labels, Consumer<CompiledRule> found) {
      for (CompiledRule rule : rules) {
        if (rule.matches(labels)) {
          found.accept(rule);
        }
      }
    }
  }

  private final Map<Id, CompiledRule> byId = new HashMap<>();
  private final Map<Metric, Bucket> byMetric = new HashMap<>();

  private long version = Long.MIN_VALUE;

  /** Takes over a snapshot, and returns what is different. Linear in the rules when anything is. */
  List<Change> update(RuleBook.Snapshot snapshot) {
    if (snapshot.version() == version) {
      return List.of();
    }
    version = snapshot.version();
    List<Change> changes = new ArrayList<>();
    Set<Id> there = new HashSet<>();
    for (AlertRule rule : snapshot.rules()) {
      if (!rule.spec().enabled()) {
        continue;
      }
      Id id = new Id(rule.tenant(), rule.id());
      there.add(id);
      CompiledRule known = byId.get(id);
      if (known == null || !known.rule.equals(rule)) {
        CompiledRule compiled = new CompiledRule(rule);
        remove(known);
        add(id, compiled);
        changes.add(new Change(Optional.ofNullable(known), Optional.of(compiled)));
      }
    }
    for (Id id : new ArrayList<>(byId.keySet())) {
      if (!there.contains(id)) {
        CompiledRule gone = byId.remove(id);
        remove(gone);
        changes.add(new Change(Optional.of(gone), Optional.empty()));
      }
    }
    return changes;
  }

  private void add(Id id, CompiledRule rule) {
    byId.put(id, rule);
    if (rule.kind != CompiledRule.Kind.GROUPED) {
      Bucket bucket =
          byMetric.computeIfAbsent(
              new Metric(rule.tenant(), rule.rule.spec().metric()), metric -> new Bucket());
      bucket.place(rule).add(rule);
      bucket.sets.clear();
      bucket.size++;
    }
  }

  private void remove(CompiledRule rule) {
    if (rule == null || rule.kind == CompiledRule.Kind.GROUPED) {
      return;
    }
    Metric metric = new Metric(rule.tenant(), rule.rule.spec().metric());
    Bucket bucket = byMetric.get(metric);
    bucket.place(rule).remove(rule);
    bucket.sets.clear();
    bucket.size--;
    if (bucket.size == 0) {
      byMetric.remove(metric);
    }
  }

  boolean isEmpty() {
    return byId.isEmpty();
  }

  Collection<CompiledRule> all() {
    return byId.values();
  }

  Optional<CompiledRule> find(String tenant, String id) {
    return Optional.ofNullable(byId.get(new Id(tenant, id)));
  }

  /** Returns the rules that a series meets. */
  RuleSet match(String tenant, Labels labels) {
    Bucket bucket = byMetric.get(new Metric(tenant, labels.metricName()));
    return bucket == null ? RuleSet.EMPTY : bucket.match(labels);
  }
}
