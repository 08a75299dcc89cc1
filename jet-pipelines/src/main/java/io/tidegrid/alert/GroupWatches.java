package io.tidegrid.alert;

import io.tidegrid.alert.GroupSource.GroupValue;
import io.tidegrid.model.AlertIdentity;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Labels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rules of a shard whose alerts belong to no one series. They are evaluated once a second, less
 * often when that takes long, and never less often than the rule says. Used by one thread.
 */
final class GroupWatches {

  private static final long OFTEN_MS = 1000;

  /** Evaluating a rule takes at most a twentieth of the time. */
  private static final long REST_FACTOR = 20;

  /** One rule. */
  static final class Group {
    final CompiledRule rule;
    private final Map<Labels, SeriesWatch> byLabels = new HashMap<>();
    private long dueMs;
    private boolean underWay;

    private Group(CompiledRule rule, long nowMs) {
      this.rule = rule;
      this.dueMs = nowMs;
    }

    private long mostMs() {
      return Math.max(OFTEN_MS, rule.rule.spec().evaluationInterval().toMillis());
    }

    private SeriesWatch watch(Labels labels) {
      return byLabels.computeIfAbsent(labels, key -> new SeriesWatch(-1, key, RuleSet.EMPTY));
    }
  }

  private final Judge judge;
  private final Map<CompiledRule, Group> groups = new LinkedHashMap<>();

  GroupWatches(Judge judge) {
    this.judge = judge;
  }

  static boolean isOf(CompiledRule rule, int shard, int shards) {
    return rule.hasGroups() && AlertIdentity.shardOfRule(rule.tenant(), rule.id(), shards) == shard;
  }

  void add(CompiledRule rule, long nowMs) {
    groups.put(rule, new Group(rule, nowMs));
  }

  void addIfAbsent(CompiledRule rule, long nowMs) {
    if (!groups.containsKey(rule)) {
      add(rule, nowMs);
    }
  }

  /** Goes on with an alert; tells whether its rule is here. */
  boolean adopt(CompiledRule rule, AlertState state) {
    Group group = groups.get(rule);
    if (group == null) {
      return false;
    }
    SeriesWatch watch = group.watch(state.labels());
    watch.lastTimeMs = state.lastTimeMs();
    Standing standing = judge.adopt(watch, rule, state);
    if (state.ruleVersion() != rule.rule.version()) {
      judge.judgeBy(standing, rule);
    }
    return true;
  }

  /** Goes on with another version of a rule. Alerts of other groups than it has now end. */
  void replace(CompiledRule before, Optional<CompiledRule> after, long nowMs) {
    Group old = groups.remove(before);
    if (old == null) {
      return;
    }
    Optional<CompiledRule> next =
        after.filter(rule ->
            rule.hasGroups()
                && rule.kind == before.kind
                && rule.rule.spec().groupBy().equals(before.rule.spec().groupBy()));
    next.ifPresent(rule -> add(rule, nowMs));
    for (SeriesWatch watch : old.byLabels.values()) {
      for (Standing standing : List.copyOf(watch.standings().values())) {
        if (next.isPresent()) {
          groups.get(next.get()).byLabels.put(watch.labels, watch);
          judge.judgeBy(standing, next.get());
        } else {
          judge.end(standing);
        }
      }
    }
  }

  /** Returns the rules that are to be evaluated now; each until {@link #evaluated}. */
  List<Group> due(long nowMs) {
    List<Group> due = new ArrayList<>();
    for (Group group : groups.values()) {
      boolean clockWentBack = nowMs < group.dueMs - group.mostMs();
      if (!group.underWay && (nowMs >= group.dueMs || clockWentBack)) {
        group.underWay = true;
        due.add(group);
      }
    }
    return due;
  }

  /**
   * Takes the values of a rule; without them it is asked again.
   *
   * @param atMs when it was asked
   * @param tookNanos how long it took
   */
  void evaluated(Group group, Optional<List<GroupValue>> values, long atMs, long tookNanos) {
    group.underWay = false;
    group.dueMs = atMs + Math.clamp(REST_FACTOR * tookNanos / 1_000_000, OFTEN_MS, group.mostMs());
    if (groups.containsKey(group.rule)) {
      values.ifPresent(found -> step(group, found, atMs));
    }
  }

  private void step(Group group, List<GroupValue> values, long atMs) {
    Map<Labels, Double> byLabels = new HashMap<>();
    values.forEach(value -> byLabels.put(value.labels(), value.value()));
    for (SeriesWatch watch : group.byLabels.values()) {
      if (!watch.standings().isEmpty() && !byLabels.containsKey(watch.labels)) {
        judge(group.rule, watch, atMs, Double.NaN, false);
      }
    }
    byLabels.forEach((labels, value) -> {
      boolean met = group.rule.isAbsence() || group.rule.test(value);
      if (met || group.byLabels.containsKey(labels)) {
        judge(group.rule, group.watch(labels), atMs, value, met);
      }
    });
    group.byLabels.values().removeIf(watch -> watch.standings().isEmpty());
  }

  private void judge(CompiledRule rule, SeriesWatch watch, long atMs, double value, boolean met) {
    watch.lastTimeMs = Math.max(watch.lastTimeMs, atMs);
    judge.step(watch, rule, atMs, value, met);
  }
}
