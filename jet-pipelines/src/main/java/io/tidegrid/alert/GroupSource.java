package io.tidegrid.alert;

import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Labels;
import java.util.List;

/**
 * Evaluates rules that belong to no one series: those that pool series by labels, and those that
 * ask whether there is any. Supplied by the node. Safe for use by many threads.
 */
public interface GroupSource {

  /** Knows of no groups. */
  GroupSource NONE = (rule, nowMs) -> List.of();

  /**
   * The value of a group.
   *
   * @param labels what its alert is told by: the metric name and the group's labels
   * @param value the pooled value; NaN for an absent group
   */
  record GroupValue(Labels labels, double value) {}

  /**
   * Returns the groups of a rule that have a value now; of a rule that asks for absence, the groups
   * that are absent, or when the rule has no groups and no series at all meets it, one with the
   * labels that its matchers give.
   *
   * @param nowMs the end of the window, milliseconds since 1970
   * @throws RuntimeException when that cannot be told now
   */
  List<GroupValue> values(AlertRule rule, long nowMs);
}
