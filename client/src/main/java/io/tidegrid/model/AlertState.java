package io.tidegrid.model;

/**
 * Where one alert of one rule stands: all that evaluation needs to go on elsewhere. Immutable.
 * Times are milliseconds since 1970 by the clock of the samples, {@link #NEVER} when there is none.
 *
 * @param tenant whose it is
 * @param ruleId the rule
 * @param ruleVersion the version of the rule that it was judged by
 * @param fingerprint names it within the tenant for ever: of tenant, rule and labels
 * @param labels the series' labels, the metric name among them; or those of the group
 * @param phase where it stands
 * @param pendingSinceMs since when the condition has been met
 * @param firedAtMs when it fired
 * @param resolvedAtMs when it was resolved
 * @param value the value that brought it here; NaN for an absent one
 * @param lastTimeMs the time of the newest sample that was judged
 * @param changedAtMs by the node's clock, when the phase was entered
 * @param resolvedBy who resolved it by hand; empty for nobody. Such a one stays resolved until the
 *     condition was not met once
 * @param announced whether the entering of the phase has been announced
 */
public record AlertState(
    String tenant,
    String ruleId,
    long ruleVersion,
    long fingerprint,
    Labels labels,
    AlertPhase phase,
    long pendingSinceMs,
    long firedAtMs,
    long resolvedAtMs,
    double value,
    long lastTimeMs,
    long changedAtMs,
    String resolvedBy,
    boolean announced) {

  /** In place of a time that there is none of. */
  public static final long NEVER = Long.MIN_VALUE;
}
