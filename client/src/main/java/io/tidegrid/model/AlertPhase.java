package io.tidegrid.model;

/** Where an alert stands. One that never met its condition has none. */
public enum AlertPhase {
  /** The condition is met, but not yet for as long as the rule asks. */
  PENDING,
  FIRING,
  RESOLVED
}
