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

  private static final long OFTEN_NANOS = 1_000_000_000;

  /** Evaluating a rule takes at most a twentieth of the time. */
  private static final long REST_FACTOR = 20;

  /** One rule. */
  static final class Group {
    final CompiledRule rule;
    private final Map<Labels, SeriesWatch> byLabels = new HashMap<>();
    private long dueNanos;
    private boolean underWay;

    private Group(CompiledRule rule, long nowNanos) {
      this.rule = rule;
      this.dueNanos = nowNanos;
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

  void add(CompiledRule rule, long nowNanos) {
    groups.put(rule, new Group(rule, nowNanos));
  }

  void addIfAbsent(CompiledRule rule, long nowNanos) {
    if (!groups.containsKey(rule)) {
      add(rule, nowNanos);
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
  void replace(CompiledRule before, Optional<CompiledRule> after, long nowNanos) {
    Group old = groups.remove(before);
    if (old == null) {
      return;
    }
    Optional<CompiledRule> next =
        after.filter(rule ->
            rule.hasGroups()
                && rule.kind == before.kind
                && rule.rule.spec().groupBy().equals(before.rule.spec().groupBy()));
    next.ifPresent(rule -> add(rule, nowNanos));
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
  List<Group> due(long nowNanos) {
    List<Group> due = new ArrayList<>();
    for (Group group : groups.values()) {
      if (!group.underWay && nowNanos - group.dueNanos >= 0) {
        group.underWay = true;
        due.add(group);
      }
    }
    return due;
  }

  /** Takes the values of a rule; without them it is asked again. */
  void evaluated(
      Group group, Optional<List<GroupValue>> values, long atMs, long beganNanos, long nowNanos) {
    group.underWay = false;
    long most = Math.max(OFTEN_NANOS, group.rule.rule.spec().evaluationInterval().toNanos());
    long rest = Math.clamp(REST_FACTOR * (nowNanos - beganNanos), OFTEN_NANOS, most);
    group.dueNanos = beganNanos + rest;
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
