package io.tidegrid.alerting;

import io.tidegrid.model.Alert;
import io.tidegrid.model.Labels;

/** Something that is announced of alerts, in one order for the whole cluster. Immutable. */
public sealed interface AlertEvent {

  /** Returns what a client says to go on after this event; the same on all members. */
  String id();

  /** Returns whose it is. */
  String tenant();

  /** An alert began to fire, or was resolved; pending ones are not announced. */
  record Changed(String id, Alert alert) implements AlertEvent {
    @Override
    public String tenant() {
      return alert.tenant();
    }
  }

  /**
   * A sample met the threshold of a rule that announces each.
   *
   * @param labels of the series, the metric name among them
   * @param timeMs the sample's time, milliseconds since 1970
   */
  record Breached(String id, String tenant, String ruleId, Labels labels, long timeMs, double value)
      implements AlertEvent {}
}
