package io.tidegrid.alert;

import io.tidegrid.model.AlertState;

/** An alert of a series that is pending, firing, or resolved lately. Changed by one thread. */
final class Standing {

  final SeriesWatch series;
  CompiledRule rule;

  /** How it stands, perhaps not recorded yet. */
  AlertState state;

  /** Of one that was resolved by hand: whether its condition was not met since. */
  boolean ended;

  Standing(SeriesWatch series, CompiledRule rule, AlertState state) {
    this.series = series;
    this.rule = rule;
    this.state = state;
  }

  long dueMs() {
    return state.pendingSinceMs() + rule.forMs;
  }

  /** Tells whether it was resolved by hand, for as long as its condition goes on being met. */
  boolean isAcknowledged() {
    return !state.resolvedBy().isEmpty() && !ended;
  }
}
