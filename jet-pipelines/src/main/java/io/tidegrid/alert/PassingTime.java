package io.tidegrid.alert;

import io.tidegrid.alert.AlertSource.ShardSamples;

/** Judges windows that samples leave, and series that fall silent. Used by one thread. */
final class PassingTime {

  /** What went silent longer ago when a rule begins is not coming back. */
  private static final long ABSENCE_REMEMBERED_MS = 3_600_000;

  private final ShardEvaluator shard;
  private final ShardSamples samples;
  private final EvaluationOptions options;

  PassingTime(ShardEvaluator shard, ShardSamples samples, EvaluationOptions options) {
    this.shard = shard;
    this.samples = samples;
    this.options = options;
  }

  /** Judges windows and absences of a series: once a second. */
  void heartbeat(SeriesWatch series) {
    if (series.lastArrivalMs == SeriesWatch.NEVER || series.lastTimeMs == SeriesWatch.NEVER) {
      return;
    }
    long nowMs = shard.judge.nowMs;
    long silentMs = nowMs - series.lastArrivalMs;
    if (silentMs < options.staleAfter().toMillis()) {
      // The series' own time goes on from its last sample, however late its samples come.
      long endMs = Math.min(series.lastTimeMs + Math.max(0, silentMs), nowMs);
      for (SampleWindow window : series.windows) {
        judgeAt(series, window, Math.max(endMs, series.lastTimeMs));
      }
    }
    for (CompiledRule rule : series.rules.absences) {
      boolean absent = silentMs >= rule.rangeMs && silentMs < rule.rangeMs + ABSENCE_REMEMBERED_MS;
      if (absent) {
        shard.judge.step(series, rule, series.lastArrivalMs + rule.rangeMs, Double.NaN, true);
        series.disquiet();
      }
    }
  }

  private void judgeAt(SeriesWatch series, SampleWindow window, long endMs) {
    SampleWindow judged = window;
    if (window.isBuffered()) {
      if (!window.moveTo(endMs)) {
        return;
      }
    } else {
      judged = new SampleWindow(window.rangeMs, new WindowBudget(Long.MAX_VALUE));
      ShardRepair.read(samples, series, judged, endMs);
    }
    for (CompiledRule rule : series.rules.windows) {
      if (rule.rangeMs == window.rangeMs) {
        double figure = judged.value(rule.function.orElseThrow());
        shard.judge.step(series, rule, endMs, figure, rule.test(figure));
      }
    }
  }
}
