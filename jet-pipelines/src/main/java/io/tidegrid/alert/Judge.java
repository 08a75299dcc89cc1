package io.tidegrid.alert;

import io.tidegrid.alert.AlertLedger.Breach;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The states of a shard's alerts and how they change: inactive, pending, firing, resolved. Used by
 * one thread.
 */
final class Judge {

  private final EvaluationOptions options;
  private final Outbox outbox;
  private final Set<Standing> standings = new LinkedHashSet<>();

  /** The time by the node's clock. */
  long nowMs;

  Judge(EvaluationOptions options, Outbox outbox) {
    this.options = options;
    this.outbox = outbox;
  }

  Collection<Standing> standings() {
    return standings;
  }

  /** Returns the alerts of a rule. Linear in all there are. */
  List<Standing> of(CompiledRule rule) {
    List<Standing> found = new ArrayList<>();
    for (Standing standing : standings) {
      if (standing.rule == rule) {
        found.add(standing);
      }
    }
    return found;
  }

  /** Takes over what the ledger has. */
  Standing adopt(SeriesWatch series, CompiledRule rule, AlertState state) {
    Standing standing = new Standing(series, rule, States.announced(state, true));
    series.put(standing);
    standings.add(standing);
    return standing;
  }

  void remove(Standing standing) {
    standing.series.remove(standing);
    standings.remove(standing);
  }

  private static long lastTimeOf(SeriesWatch series, CompiledRule rule) {
    return rule.each ? series.lastEachMs : series.lastTimeMs;
  }

  /**
   * Judges one alert at a time.
   *
   * @param met whether the condition is met then
   */
  void step(SeriesWatch series, CompiledRule rule, long timeMs, double value, boolean met) {
    Standing standing = series.standings().get(rule);
    if (standing == null) {
      if (met) {
        begin(series, rule, timeMs, value, AlertState.NEVER);
      }
      return;
    }
    switch (standing.state.phase()) {
      case PENDING -> {
        if (!met) {
          withdraw(standing);
        } else if (timeMs >= standing.dueMs()) {
          fire(standing, value);
        }
      }
      case FIRING -> {
        if (!met) {
          resolve(standing, timeMs, value);
        }
      }
      case RESOLVED -> {
        if (!met) {
          standing.ended = true;
        } else if (!standing.isAcknowledged()) {
          remove(standing);
          begin(series, rule, timeMs, value, standing.state.resolvedAtMs());
        }
      }
    }
  }

  private void begin(
      SeriesWatch series, CompiledRule rule, long sinceMs, double value, long resolvedAtMs) {
    AlertState state =
        States.begun(series, rule, sinceMs, value, lastTimeOf(series, rule), resolvedAtMs, nowMs);
    outbox.change(state);
    Standing standing = adopt(series, rule, state);
    if (rule.kind == CompiledRule.Kind.THRESHOLD && state.phase() == AlertPhase.PENDING) {
      series.dueMs = Math.min(series.dueMs, standing.dueMs());
    }
  }

  void fire(Standing standing, double value) {
    change(
        standing,
        States.fired(
            standing.state,
            standing.dueMs(),
            value,
            lastTimeOf(standing.series, standing.rule),
            nowMs));
  }

  /** Resolves one; not before it fired, though the sample that ends it may be older. */
  void resolve(Standing standing, long timeMs, double value) {
    long atMs = Math.max(timeMs, standing.state.firedAtMs());
    change(
        standing,
        States.resolved(
            standing.state, atMs, value, lastTimeOf(standing.series, standing.rule), nowMs));
  }

  private void change(Standing standing, AlertState state) {
    AlertState by = States.judgedBy(state, standing.rule);
    outbox.change(by);
    standing.state = States.announced(by, true);
    standing.ended = false;
  }

  /** Ends one that is pending. */
  private void withdraw(Standing standing) {
    if (standing.state.resolvedAtMs() == AlertState.NEVER) {
      forget(standing);
      return;
    }
    // One before it is remembered, so that its samples are not judged again.
    AlertState over =
        States.over(standing.state, lastTimeOf(standing.series, standing.rule), nowMs);
    outbox.change(over);
    standing.state = over;
    standing.ended = true;
  }

  private void forget(Standing standing) {
    outbox.forget(standing.state);
    remove(standing);
  }

  /** Ends one as its rule or its series is no more. */
  void end(Standing standing) {
    switch (standing.state.phase()) {
      case PENDING -> withdraw(standing);
      case FIRING -> resolve(standing, nowMs, standing.state.value());
      case RESOLVED -> standing.ended = true;
    }
  }

  /** Goes on with another version of the rule. */
  void judgeBy(Standing standing, CompiledRule rule) {
    standing.series.remove(standing);
    standing.rule = rule;
    standing.state = States.judgedBy(standing.state, rule);
    standing.series.put(standing);
    outbox.touch(standing.state);
  }

  /** Announces a sample, after the alert's own change if there was one. */
  void breach(SeriesWatch series, CompiledRule rule, long timeMs, double value) {
    Standing standing = series.standings().get(rule);
    boolean firing = standing != null && standing.state.phase() == AlertPhase.FIRING;
    if (firing && standing.state.lastTimeMs() < timeMs) {
      standing.state = States.judgedThrough(standing.state, timeMs, value);
      outbox.touch(standing.state);
    }
    AlertState state =
        firing
            ? standing.state
            : States.announced(
                States.begun(series, rule, timeMs, value, timeMs, AlertState.NEVER, nowMs), true);
    outbox.breach(new Breach(state, timeMs, value));
  }

  /** What was decided by somebody else. */
  void adoptChange(Standing standing, AlertState state) {
    outbox.drop(state.fingerprint());
    standing.state = States.announced(state, true);
    standing.ended = false;
  }

  /** Lets clocks run: once a second. */
  void heartbeat() {
    for (Standing standing : new ArrayList<>(standings)) {
      SeriesWatch series = standing.series;
      boolean bySamples =
          standing.rule.kind == CompiledRule.Kind.THRESHOLD
              || standing.rule.kind == CompiledRule.Kind.WINDOW;
      boolean stale = bySamples && nowMs - series.lastArrivalMs >= options.staleAfter().toMillis();
      switch (standing.state.phase()) {
        case PENDING -> {
          if (stale) {
            withdraw(standing);
            series.disquiet();
          } else if (nowMs >= standing.dueMs()
              && standing.rule.kind != CompiledRule.Kind.GROUPED
              && (!bySamples || isRecent(series))) {
            fire(standing, lastValue(standing));
          }
        }
        case FIRING -> {
          if (stale) {
            resolve(standing, nowMs, lastValue(standing));
            series.disquiet();
          }
        }
        case RESOLVED -> {
          standing.ended |= stale;
          if (nowMs - standing.state.changedAtMs() >= options.resolvedKept().toMillis()
              && !standing.isAcknowledged()) {
            forget(standing);
          }
        }
      }
    }
  }

  private boolean isRecent(SeriesWatch series) {
    return nowMs - series.lastTimeMs < options.staleAfter().toMillis();
  }

  private static double lastValue(Standing standing) {
    double last = standing.series.lastValue;
    return standing.rule.kind == CompiledRule.Kind.THRESHOLD && !Double.isNaN(last)
        ? last
        : standing.state.value();
  }
}
