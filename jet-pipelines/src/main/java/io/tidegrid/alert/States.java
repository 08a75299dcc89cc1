package io.tidegrid.alert;

import io.tidegrid.model.AlertIdentity;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;

/** Makes states from states. */
final class States {

  private States() {}

  /**
   * Returns the state of an alert that begins.
   *
   * @param resolvedAtMs when the one before it ended, to be kept while this one is pending
   */
  static AlertState begun(
      SeriesWatch series,
      CompiledRule rule,
      long sinceMs,
      double value,
      long lastTimeMs,
      long resolvedAtMs,
      long nowMs) {
    boolean fires = rule.forMs == 0;
    return new AlertState(
        rule.tenant(),
        rule.id(),
        rule.rule.version(),
        AlertIdentity.fingerprint(rule.tenant(), rule.id(), series.labels),
        series.labels,
        fires ? AlertPhase.FIRING : AlertPhase.PENDING,
        sinceMs,
        fires ? sinceMs : AlertState.NEVER,
        fires ? AlertState.NEVER : resolvedAtMs,
        value,
        lastTimeMs,
        nowMs,
        "",
        !fires);
  }

  static AlertState fired(AlertState state, long atMs, double value, long lastTimeMs, long nowMs) {
    return with(state, AlertPhase.FIRING, atMs, AlertState.NEVER, value, lastTimeMs, nowMs, false);
  }

  static AlertState resolved(
      AlertState state, long atMs, double value, long lastTimeMs, long nowMs) {
    return with(
        state, AlertPhase.RESOLVED, state.firedAtMs(), atMs, value, lastTimeMs, nowMs, false);
  }

  /**
   * Returns what is kept when one that was pending ends soon after another was resolved: it has
   * been judged so far, and what comes before is not to be judged again. It never fired, and is not
   * announced.
   */
  static AlertState over(AlertState pending, long lastTimeMs, long nowMs) {
    return new AlertState(
        pending.tenant(),
        pending.ruleId(),
        pending.ruleVersion(),
        pending.fingerprint(),
        pending.labels(),
        AlertPhase.RESOLVED,
        pending.pendingSinceMs(),
        AlertState.NEVER,
        lastTimeMs,
        pending.value(),
        lastTimeMs,
        nowMs,
        "",
        true);
  }

  /** Returns the same, judged by a version of its rule. */
  static AlertState judgedBy(AlertState state, CompiledRule rule) {
    return new AlertState(
        state.tenant(),
        state.ruleId(),
        rule.rule.version(),
        state.fingerprint(),
        state.labels(),
        state.phase(),
        state.pendingSinceMs(),
        state.firedAtMs(),
        state.resolvedAtMs(),
        state.value(),
        state.lastTimeMs(),
        state.changedAtMs(),
        state.resolvedBy(),
        state.announced());
  }

  static AlertState judgedThrough(AlertState state, long lastTimeMs, double value) {
    return with(
        state,
        state.phase(),
        state.firedAtMs(),
        state.resolvedAtMs(),
        value,
        lastTimeMs,
        state.changedAtMs(),
        state.announced());
  }

  static AlertState announced(AlertState state, boolean announced) {
    return state.announced() == announced
        ? state
        : with(
            state,
            state.phase(),
            state.firedAtMs(),
            state.resolvedAtMs(),
            state.value(),
            state.lastTimeMs(),
            state.changedAtMs(),
            announced);
  }

  private static AlertState with(
      AlertState state,
      AlertPhase phase,
      long firedAtMs,
      long resolvedAtMs,
      double value,
      long lastTimeMs,
      long changedAtMs,
      boolean announced) {
    return new AlertState(
        state.tenant(),
        state.ruleId(),
        state.ruleVersion(),
        state.fingerprint(),
        state.labels(),
        phase,
        state.pendingSinceMs(),
        firedAtMs,
        resolvedAtMs,
        value,
        lastTimeMs,
        changedAtMs,
        state.resolvedBy(),
        announced);
  }

  /** Tells whether two states are the same phase of the same instance. */
  static boolean same(AlertState one, AlertState other) {
    return one.phase() == other.phase()
        && one.pendingSinceMs() == other.pendingSinceMs()
        && one.resolvedBy().equals(other.resolvedBy());
  }
}
