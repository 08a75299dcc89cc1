package io.tidegrid.alert;

import io.tidegrid.live.AppendedSamples;
import io.tidegrid.live.SeriesTable;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Judges the samples of one shard. A series is compared with the rules once, when either appears;
 * from then on a sample costs a look into an array and a comparison with the two nearest
 * thresholds. Used by one thread.
 */
final class ShardEvaluator {

  final int shard;
  final int version;
  final SeriesTable table;
  final RuleIndex rules;
  final Judge judge;
  final Outbox outbox;
  final SequenceTrack track;
  final WindowBudget budget;

  /** By number; null for those not looked at yet. */
  private SeriesWatch[] bySeries = new SeriesWatch[64];

  /** Series whose windows and absences have to be looked at as time passes. */
  private final Set<SeriesWatch> timed = new LinkedHashSet<>();

  /** While a shard is begun: from when on memory was read of alerts that were known. */
  private final Map<SeriesWatch, Map<CompiledRule, Long>> eachReadAfter = new HashMap<>();

  private int watched;

  /** Up to this sequence late samples may have been announced by reading them from memory. */
  private long announcedThrough;

  ShardEvaluator(
      int shard,
      int version,
      AlertSource.ShardSamples samples,
      RuleIndex rules,
      EvaluationOptions options,
      WindowBudget budget) {
    this.shard = shard;
    this.version = version;
    this.table = samples.table();
    this.rules = rules;
    this.outbox = new Outbox();
    this.judge = new Judge(options, outbox);
    this.track = new SequenceTrack(samples.throughSequence());
    this.budget = budget;
  }

  // ---- series

  int watched() {
    return watched;
  }

  /** Returns a series that was looked at, or {@link SeriesWatch#NONE}. */
  SeriesWatch known(int number) {
    SeriesWatch found = number < bySeries.length ? bySeries[number] : null;
    return found == null ? SeriesWatch.NONE : found;
  }

  boolean isKnown(int number) {
    return number < bySeries.length && bySeries[number] != null;
  }

  /** Returns a series, compared with the rules if it is the first time. */
  SeriesWatch series(int number) {
    if (number >= bySeries.length) {
      bySeries = Arrays.copyOf(bySeries, Math.max(number + 1, bySeries.length * 2));
    }
    SeriesWatch found = bySeries[number];
    if (found == null) {
      RuleSet matching = rules.match(table.tenant(number), table.labels(number));
      if (matching.isEmpty()) {
        bySeries[number] = SeriesWatch.NONE;
        return SeriesWatch.NONE;
      }
      found = new SeriesWatch(number, table.labels(number), RuleSet.EMPTY);
      bySeries[number] = found;
      setRules(found, matching);
    }
    return found;
  }

  /** Gives a series other rules; it is watched as long as it has any. */
  void setRules(SeriesWatch series, RuleSet next) {
    boolean wasTimed = isTimed(series.rules);
    watched += (series.rules.isEmpty() ? 0 : -1) + (next.isEmpty() ? 0 : 1);
    series.rules = next;
    series.arrangeWindows(budget);
    series.disquiet();
    if (isTimed(next) && !wasTimed) {
      timed.add(series);
    } else if (wasTimed && !isTimed(next)) {
      timed.remove(series);
    }
    bySeries[series.number] = next.isEmpty() ? SeriesWatch.NONE : series;
  }

  /** Watches a series that met no rule so far. */
  SeriesWatch watch(int number) {
    SeriesWatch found = series(number);
    if (found == SeriesWatch.NONE) {
      found = new SeriesWatch(number, table.labels(number), RuleSet.EMPTY);
      bySeries[number] = found;
    }
    return found;
  }

  private static boolean isTimed(RuleSet rules) {
    return rules.windows.length > 0 || rules.absences.length > 0;
  }

  Collection<SeriesWatch> timed() {
    return timed;
  }

  /** Gives back what its windows take; it is of no more use. */
  void release() {
    for (SeriesWatch series : timed) {
      for (SampleWindow window : series.windows) {
        window.release();
      }
    }
  }

  // ---- samples

  /** Says that up to a sequence samples may have been judged that were shown only later. */
  void readThrough(long sequence) {
    announcedThrough = sequence;
  }

  void judge(AppendedSamples batch) {
    long nowMs = judge.nowMs;
    int[] numbers = batch.numbers();
    long[] times = batch.times();
    double[] values = batch.values();
    boolean announceLate = Long.compareUnsigned(batch.sequence(), announcedThrough) > 0;
    for (int i = 0; i < batch.size(); i++) {
      int number = numbers[i];
      SeriesWatch series = number < bySeries.length ? bySeries[number] : null;
      if (series == SeriesWatch.NONE) {
        continue;
      }
      if (series == null) {
        series = series(number);
        if (series == SeriesWatch.NONE) {
          continue;
        }
      }
      long time = times[i];
      double value = values[i];
      series.lastArrivalMs = nowMs;
      if (value > series.quietAbove
          && value < series.quietBelow
          && time > series.lastTimeMs
          && time < series.dueMs) {
        series.lastTimeMs = time;
        series.lastValue = value;
        continue;
      }
      judge(series, time, value, !batch.isUnchanged(i), announceLate);
    }
  }

  /**
   * Judges a sample by all rules of its series.
   *
   * @param changed whether it is new to the shard
   * @param announceLate whether it is announced though newer ones were judged
   */
  void judge(SeriesWatch series, long timeMs, double value, boolean changed, boolean announceLate) {
    RuleSet set = series.rules;
    for (CompiledRule rule : set.each) {
      boolean met = rule.test(value);
      boolean late = timeMs <= series.lastEachMs;
      if (!late) {
        long before = series.lastEachMs;
        series.lastEachMs = timeMs;
        judge.step(series, rule, timeMs, value, met);
        series.lastEachMs = before;
      }
      if (met && changed && (!late || announceLate)) {
        judge.breach(series, rule, timeMs, value);
      }
    }
    if (set.each.length > 0) {
      series.lastEachMs = Math.max(series.lastEachMs, timeMs);
    }
    for (SampleWindow window : series.windows) {
      window.add(timeMs, value);
    }
    if (timeMs <= series.lastTimeMs) {
      return;
    }
    series.lastTimeMs = timeMs;
    judgeThresholds(series, timeMs, value);
    for (CompiledRule rule : set.windows) {
      judgeWindow(series, rule, timeMs);
    }
    for (CompiledRule rule : set.absences) {
      judge.step(series, rule, timeMs, value, false);
    }
    series.settle(value);
  }

  /** Says that of an alert the samples after a time were read from memory as it was begun. */
  void readEachAfter(SeriesWatch series, CompiledRule rule, long timeMs) {
    eachReadAfter.computeIfAbsent(series, s -> new HashMap<>(2)).put(rule, timeMs);
  }

  /**
   * Announces, of batches that came before the shard was begun, what reading memory could not:
   * samples that are not kept there, those that are older than the rule, and those that are older
   * than the one by which an alert was judged last. To be called once.
   *
   * @param lookbackMs how far back memory was read where no alert was known
   */
  void announceEarly(List<AppendedSamples> batches, long lookbackMs) {
    for (AppendedSamples batch : batches) {
      announceEarly(batch, lookbackMs);
    }
    eachReadAfter.clear();
  }

  private long readAfter(SeriesWatch series, CompiledRule rule, long lookbackMs) {
    Long known = eachReadAfter.getOrDefault(series, Map.of()).get(rule);
    return known != null
        ? known
        : Math.max(judge.nowMs - lookbackMs, rule.rule.updatedAt().toEpochMilli() - 1);
  }

  /**
   * Announces, of a batch that is not going to be judged, what is not going to be read from memory
   * either: samples that are older than what was judged of their series.
   */
  void announceLate(AppendedSamples batch) {
    for (int i = 0; i < batch.size(); i++) {
      SeriesWatch series = series(batch.numbers()[i]);
      long time = batch.times()[i];
      if (batch.isUnchanged(i) || time > Math.max(series.floorMs, series.lastEachMs)) {
        continue;
      }
      double value = batch.values()[i];
      for (CompiledRule rule : series.rules.each) {
        if (rule.test(value)) {
          judge.breach(series, rule, time, value);
        }
      }
    }
  }

  private void announceEarly(AppendedSamples batch, long lookbackMs) {
    for (int i = 0; i < batch.size(); i++) {
      SeriesWatch series = series(batch.numbers()[i]);
      if (series == SeriesWatch.NONE || batch.isUnchanged(i)) {
        continue;
      }
      long time = batch.times()[i];
      double value = batch.values()[i];
      for (CompiledRule rule : series.rules.each) {
        if (time > readAfter(series, rule, lookbackMs) || !rule.test(value)) {
          continue;
        }
        if (time > series.lastEachMs) {
          judge.step(series, rule, time, value, true);
        }
        judge.breach(series, rule, time, value);
      }
      if (series.rules.each.length > 0) {
        series.lastEachMs = Math.max(series.lastEachMs, time);
      }
      series.lastArrivalMs = Math.max(series.lastArrivalMs, judge.nowMs);
      if (time > series.lastTimeMs && series.rules.thresholds.length > 0) {
        series.lastTimeMs = time;
        judgeThresholds(series, time, value);
        series.settle(value);
      }
    }
  }

  private void judgeThresholds(SeriesWatch series, long timeMs, double value) {
    RuleSet set = series.rules;
    int from = 0;
    int to = set.thresholds.length;
    if (series.settled && !Double.isNaN(value)) {
      // Whether others are met is as it was.
      from = set.firstAtLeast(Math.min(series.lastValue, value));
      to = set.firstAbove(Math.max(series.lastValue, value));
    }
    Map<CompiledRule, Standing> standings = series.standings();
    for (int i = from; i < to; i++) {
      CompiledRule rule = set.thresholds[i];
      boolean met = rule.test(value);
      if (met || standings.containsKey(rule)) {
        judge.step(series, rule, timeMs, value, met);
        standings = series.standings();
      }
    }
    if (timeMs >= series.dueMs) {
      judgeDue(series, timeMs, value);
    }
  }

  /** Fires what has been pending for long enough, and works out when the next is. */
  void judgeDue(SeriesWatch series, long timeMs, double value) {
    long next = Long.MAX_VALUE;
    for (Standing standing : List.copyOf(series.standings().values())) {
      if (standing.rule.kind == CompiledRule.Kind.THRESHOLD
          && standing.state.phase() == io.tidegrid.model.AlertPhase.PENDING) {
        if (timeMs >= standing.dueMs()) {
          judge.fire(standing, value);
        } else {
          next = Math.min(next, standing.dueMs());
        }
      }
    }
    series.dueMs = next;
  }

  /** Judges what is in a window that ends at a time; one whose samples are elsewhere is left. */
  void judgeWindow(SeriesWatch series, CompiledRule rule, long endMs) {
    SampleWindow window = series.window(rule.rangeMs);
    if (!window.isBuffered()) {
      return;
    }
    boolean ignored = window.moveTo(endMs);
    double figure = window.value(rule.function.orElseThrow());
    judge.step(series, rule, endMs, figure, rule.test(figure));
  }

  /** Tells about how many bytes of heap it takes, but for the samples of windows. */
  long bytes() {
    return 8L * bySeries.length + 120L * watched + 400L * judge.standings().size();
  }
}
