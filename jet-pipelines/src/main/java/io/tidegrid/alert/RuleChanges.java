package io.tidegrid.alert;

import io.tidegrid.alert.AlertSource.ShardSamples;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Has a shard go on when rules come, go and change. Used by one thread. */
final class RuleChanges {

  private final ShardEvaluator shard;
  private final ShardSamples samples;
  private final ShardRepair repair;
  private final int shards;

  RuleChanges(ShardEvaluator shard, ShardSamples samples, EvaluationOptions options, int shards) {
    this.shard = shard;
    this.samples = samples;
    this.repair = new ShardRepair(shard, samples, options);
    this.shards = shards;
  }

  /** Linear in the series that meet the rule before or after. */
  void apply(RuleIndex.Change change, GroupWatches groups) {
    long nowMs = shard.judge.nowMs;
    change.before().ifPresent(before -> groups.replace(before, change.after(), nowMs));
    change
        .after()
        .filter(rule -> GroupWatches.isOf(rule, shard.shard, shards))
        .ifPresent(rule -> groups.addIfAbsent(rule, nowMs));
    Map<Integer, SeriesWatch> watched = new HashMap<>();
    change.before().ifPresent(before -> withdraw(before, watched));
    change.after().ifPresent(after -> apply(change.before(), after, watched));
    change.before().ifPresent(before -> endOthers(before, change.after()));
  }

  /** Series of rules with groups are not watched. */
  private static boolean isBySeries(CompiledRule rule) {
    return rule.kind != CompiledRule.Kind.GROUPED;
  }

  private void withdraw(CompiledRule before, Map<Integer, SeriesWatch> watched) {
    if (!isBySeries(before)) {
      return;
    }
    Map<RuleSet, RuleSet> next = new HashMap<>();
    for (int number : samples.select(before.tenant(), before.matchers)) {
      SeriesWatch series = shard.known(number);
      if (series.rules.contains(before)) {
        watched.put(number, series);
        shard.setRules(series, next.computeIfAbsent(series.rules, rules -> rules.without(before)));
      }
    }
  }

  private void apply(
      Optional<CompiledRule> before, CompiledRule after, Map<Integer, SeriesWatch> watched) {
    if (!isBySeries(after)) {
      return;
    }
    Map<RuleSet, RuleSet> next = new HashMap<>();
    for (int number : samples.select(after.tenant(), after.matchers)) {
      if (!shard.isKnown(number)) {
        // It is about to be shown for the first time, and compared with all rules then.
        continue;
      }
      SeriesWatch there = watched.get(number);
      SeriesWatch series = there == null ? shard.watch(number) : there;
      if (!series.rules.contains(after)) {
        shard.setRules(series, next.computeIfAbsent(series.rules, rules -> rules.with(after)));
      }
      Standing standing = before.map(series.standings()::get).orElse(null);
      if (standing == null) {
        repair.beginRule(series, after);
      } else {
        repair.rejudge(standing, after);
      }
    }
  }

  /** Ends the alerts of series that meet the rule no more. */
  private void endOthers(CompiledRule before, Optional<CompiledRule> after) {
    List<Standing> left = shard.judge.of(before);
    for (Standing standing : left) {
      shard.judge.end(standing);
      after.ifPresent(rule -> {
        if (shard.judge.standings().contains(standing)) {
          // Should the rule meet the series again, it is the same alert.
          shard.judge.judgeBy(standing, rule);
        }
      });
    }
  }
}
