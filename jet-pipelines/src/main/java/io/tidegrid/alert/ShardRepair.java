package io.tidegrid.alert;

import io.tidegrid.alert.AlertSource.ShardSamples;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Labels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Judges what memory has of a shard instead of what was shown: when the shard is taken over, when
 * batches are missing, when a rule is new. Used by one thread.
 */
final class ShardRepair {

  private record Alert(String tenant, String rule, Labels labels) {}

  private final ShardEvaluator shard;
  private final ShardSamples samples;
  private final EvaluationOptions options;
  private final Samples buffer = new Samples();

  ShardRepair(ShardEvaluator shard, ShardSamples samples, EvaluationOptions options) {
    this.shard = shard;
    this.samples = samples;
    this.options = options;
  }

  private long nowMs() {
    return shard.judge.nowMs;
  }

  // ---- taking a shard over

  /**
   * Goes on from what the ledger has: of an alert that stands there, with the samples after the one
   * it was judged by last; of others, with those of the last minutes.
   *
   * @return what belongs to none of the shard's series
   */
  List<AlertState> begin(List<AlertState> states) {
    Map<Alert, AlertState> byAlert = new HashMap<>();
    for (AlertState state : states) {
      byAlert.put(new Alert(state.tenant(), state.ruleId(), state.labels()), state);
      if (!state.announced() && state.phase() != AlertPhase.PENDING) {
        shard.outbox.change(state);
      }
    }
    int size = samples.size();
    for (int number = 0; number < size; number++) {
      SeriesWatch series = shard.series(number);
      if (series == SeriesWatch.NONE) {
        continue;
      }
      String tenant = shard.table.tenant(number);
      Map<CompiledRule, AlertState> known = new HashMap<>();
      if (!byAlert.isEmpty()) {
        for (CompiledRule rule : series.rules.all()) {
          AlertState state = byAlert.remove(new Alert(tenant, rule.id(), series.labels));
          if (state != null) {
            known.put(rule, state);
          }
        }
      }
      begin(series, known);
    }
    shard.readThrough(samples.throughSequence());
    return new ArrayList<>(byAlert.values());
  }

  private void begin(SeriesWatch series, Map<CompiledRule, AlertState> known) {
    long newest = samples.lastTimeMs(series.number);
    long changedMs = AlertState.NEVER;
    for (Map.Entry<CompiledRule, AlertState> entry : known.entrySet()) {
      AlertState state = entry.getValue();
      Standing standing = shard.judge.adopt(series, entry.getKey(), state);
      changedMs = Math.max(changedMs, state.changedAtMs());
      if (state.ruleVersion() != entry.getKey().rule.version()) {
        shard.judge.judgeBy(standing, entry.getKey());
      }
    }
    if (newest == Long.MIN_VALUE && known.isEmpty()) {
      return;
    }
    // When a sample came last is not known any more; not before this.
    series.lastArrivalMs = Math.max(Math.min(newest, nowMs()), changedMs);
    ValueRange recent = recentValues(series, newest);
    for (CompiledRule rule : series.rules.all()) {
      AlertState state = known.get(rule);
      if (state == null && isQuiet(rule, recent)) {
        continue;
      }
      boolean otherVersion = state != null && state.ruleVersion() != rule.rule.version();
      if (state == null || otherVersion) {
        Newest otherwise = otherVersion ? Newest.EVEN_STALE : Newest.UNLESS_STALE;
        replay(series, rule, unknownFrom(rule), Long.MAX_VALUE, otherwise);
      } else {
        replay(series, rule, state.lastTimeMs(), Long.MAX_VALUE, Newest.NOT);
        if (rule.each) {
          shard.readEachAfter(series, rule, state.lastTimeMs());
        }
      }
    }
    series.lastEachMs = Math.max(series.lastEachMs, newest);
    finish(series, newest);
  }

  /** The least and the greatest of some values; neither when there are none. */
  private record ValueRange(double min, double max) {}

  /** Returns what values are judged when nothing is known of an alert. */
  private ValueRange recentValues(SeriesWatch series, long newest) {
    buffer.clear();
    if (newest != Long.MIN_VALUE) {
      long from = Math.min(newest, nowMs() - options.lookbackMs() + 1);
      samples.copy(series.number, from, newest, buffer);
    }
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < buffer.size(); i++) {
      if (!Double.isNaN(buffer.value(i))) {
        min = Math.min(min, buffer.value(i));
        max = Math.max(max, buffer.value(i));
      }
    }
    return new ValueRange(min, max);
  }

  /** Tells whether none of the values meets a threshold, so that there is nothing to judge. */
  private static boolean isQuiet(CompiledRule rule, ValueRange values) {
    if (rule.kind != CompiledRule.Kind.THRESHOLD) {
      return false;
    }
    if (values.min > values.max) {
      return true;
    }
    return switch (rule.comparison) {
      case GREATER, GREATER_OR_EQUAL -> !rule.test(values.max);
      case LESS, LESS_OR_EQUAL -> !rule.test(values.min);
      case EQUAL -> rule.threshold < values.min || rule.threshold > values.max;
      case NOT_EQUAL -> values.min == rule.threshold && values.max == rule.threshold;
    };
  }

  /** Of what came before the rule was as it is, only the newest sample counts. */
  private long unknownFrom(CompiledRule rule) {
    return Math.max(nowMs() - options.lookbackMs(), rule.rule.updatedAt().toEpochMilli() - 1);
  }

  // ---- missing batches

  /** Goes on with all samples after those that were judged. */
  void fillGap() {
    long through = samples.throughSequence();
    shard.track.heldThrough(through).forEach(shard::announceLate);
    int size = samples.size();
    for (int number = 0; number < size; number++) {
      SeriesWatch series = shard.series(number);
      if (series == SeriesWatch.NONE) {
        continue;
      }
      long newest = samples.lastTimeMs(number);
      long judged = Math.max(series.floorMs, Math.min(series.lastTimeMs, eachFrom(series)));
      if (newest <= judged) {
        continue;
      }
      series.lastArrivalMs = nowMs();
      buffer.clear();
      samples.copy(number, judged == Long.MIN_VALUE ? judged : judged + 1, newest, buffer);
      for (int i = 0; i < buffer.size(); i++) {
        shard.judge(series, buffer.time(i), buffer.value(i), true, false);
      }
      refillWindows(series);
    }
    shard.track.skipTo(through);
    shard.readThrough(samples.throughSequence());
  }

  private static long eachFrom(SeriesWatch series) {
    return series.rules.each.length == 0 ? Long.MAX_VALUE : series.lastEachMs;
  }

  // ---- rules

  /** Judges the newest sample of a series by a rule that is new to it. */
  void beginRule(SeriesWatch series, CompiledRule rule) {
    boolean judgedBefore = series.lastTimeMs != SeriesWatch.NEVER;
    long newest = judgedBefore ? series.lastTimeMs : samples.lastTimeMs(series.number);
    if (newest == Long.MIN_VALUE) {
      return;
    }
    series.floorMs = Math.max(series.floorMs, newest);
    if (rule.each) {
      // Which samples came before the rule is not known for sure; better none is left out.
      return;
    }
    if (!judgedBefore) {
      series.lastArrivalMs = Math.min(newest, nowMs());
    }
    boolean quiet =
        judgedBefore
            && rule.kind == CompiledRule.Kind.THRESHOLD
            && !Double.isNaN(series.lastValue)
            && !rule.test(series.lastValue);
    if (quiet) {
      return;
    }
    replay(series, rule, newest, newest, Newest.UNLESS_STALE);
    finish(series, newest);
  }

  /** Judges alerts of a rule that changed by the last value. */
  void rejudge(Standing standing, CompiledRule rule) {
    SeriesWatch series = standing.series;
    shard.judge.judgeBy(standing, rule);
    long newest = series.lastTimeMs;
    if (newest == SeriesWatch.NEVER || rule.each) {
      return;
    }
    replay(series, rule, newest, newest, Newest.EVEN_STALE);
    finish(series, newest);
  }

  /** Goes on with one alert, of which the ledger knows better. */
  void resume(Standing standing) {
    SeriesWatch series = standing.series;
    long newest = series.lastTimeMs;
    if (series.number < 0 || newest == SeriesWatch.NEVER || standing.rule.each) {
      return;
    }
    replay(series, standing.rule, standing.state.lastTimeMs(), newest, Newest.NOT);
    finish(series, newest);
  }

  // ---- one series, one rule

  /** Whether the newest sample is judged when there is none in the range. */
  private enum Newest {
    NOT,
    UNLESS_STALE,
    EVEN_STALE
  }

  /**
   * Judges samples of a series by one rule, in order of time.
   *
   * @param afterMs those after this time
   * @param toMs and up to this time
   * @param otherwise whether, when there are none, the newest at all is judged
   */
  private void replay(
      SeriesWatch series, CompiledRule rule, long afterMs, long toMs, Newest otherwise) {
    if (rule.kind == CompiledRule.Kind.ABSENT) {
      long newest = Math.min(toMs, samples.lastTimeMs(series.number));
      if (newest > afterMs) {
        series.lastTimeMs = newest;
        shard.judge.step(series, rule, newest, Double.NaN, false);
      }
      return;
    }
    buffer.clear();
    long from = afterMs == Long.MIN_VALUE ? afterMs : afterMs + 1;
    long windowFrom =
        rule.rangeMs == 0 || from < Long.MIN_VALUE + rule.rangeMs ? from : from - rule.rangeMs;
    samples.copy(series.number, windowFrom, toMs, buffer);
    boolean any = buffer.size() > 0 && buffer.time(buffer.size() - 1) >= from;
    if (!any) {
      if (otherwise != Newest.NOT && !rule.each) {
        replayNewest(series, rule, toMs, otherwise == Newest.EVEN_STALE);
      }
      return;
    }
    SampleWindow window = new SampleWindow(rule.rangeMs, unlimited());
    for (int i = 0; i < buffer.size(); i++) {
      long time = buffer.time(i);
      double value = buffer.value(i);
      window.add(time, value);
      if (time < from) {
        continue;
      }
      step(series, rule, time, value, window);
    }
  }

  private void step(
      SeriesWatch series, CompiledRule rule, long time, double value, SampleWindow window) {
    long before = series.lastTimeMs;
    if (rule.each) {
      series.lastEachMs = time;
    } else {
      series.lastTimeMs = time;
    }
    double figure = value;
    if (rule.kind == CompiledRule.Kind.WINDOW) {
      boolean ignored = window.moveTo(time);
      figure = window.value(rule.function.orElseThrow());
    }
    boolean met = rule.test(figure);
    if (!met) {
      fireByClock(series, rule, before, time);
    }
    shard.judge.step(series, rule, time, figure, met);
    if (rule.each && met) {
      shard.judge.breach(series, rule, time, value);
    }
  }

  /** Fires what the clock would have fired before a sample that ends it. */
  private void fireByClock(SeriesWatch series, CompiledRule rule, long beforeMs, long timeMs) {
    Standing standing = series.standings().get(rule);
    if (standing != null
        && standing.state.phase() == AlertPhase.PENDING
        && timeMs > standing.dueMs()
        && standing.dueMs() - beforeMs < options.staleAfter().toMillis()) {
      shard.judge.fire(standing, standing.state.value());
    }
  }

  private void replayNewest(SeriesWatch series, CompiledRule rule, long toMs, boolean evenStale) {
    buffer.clear();
    samples.copyLatest(series.number, toMs, buffer);
    boolean stale =
        buffer.size() > 0 && nowMs() - buffer.time(0) >= options.staleAfter().toMillis();
    if (buffer.size() == 0 || (stale && !evenStale)) {
      return;
    }
    long time = buffer.time(0);
    double value = buffer.value(0);
    SampleWindow window = new SampleWindow(rule.rangeMs, unlimited());
    if (rule.kind == CompiledRule.Kind.WINDOW) {
      buffer.clear();
      samples.copy(series.number, time - rule.rangeMs + 1, time, buffer);
      for (int i = 0; i < buffer.size(); i++) {
        window.add(buffer.time(i), buffer.value(i));
      }
    }
    step(series, rule, time, value, window);
  }

  private static WindowBudget unlimited() {
    return new WindowBudget(Long.MAX_VALUE);
  }

  /** Sets up a series so that samples after a time are judged as they come. */
  private void finish(SeriesWatch series, long throughMs) {
    series.lastTimeMs = throughMs == Long.MIN_VALUE ? SeriesWatch.NEVER : throughMs;
    shard.judgeDue(series, Long.MIN_VALUE, Double.NaN);
    series.disquiet();
    refillWindows(series);
  }

  private void refillWindows(SeriesWatch series) {
    if (series.lastTimeMs == SeriesWatch.NEVER) {
      return;
    }
    for (SampleWindow window : series.windows) {
      window.clear();
      if (window.isBuffered()) {
        read(samples, series, window, series.lastTimeMs);
      }
    }
  }

  /** Adds what is in a window that ends at a time. */
  static void read(ShardSamples samples, SeriesWatch series, SampleWindow window, long endMs) {
    Samples found = new Samples();
    samples.copy(series.number, endMs - window.rangeMs + 1, endMs, found);
    for (int i = 0; i < found.size(); i++) {
      window.add(found.time(i), found.value(i));
    }
  }
}
