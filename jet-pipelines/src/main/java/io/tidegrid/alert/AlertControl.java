package io.tidegrid.alert;

import io.tidegrid.model.AlertState;

/** Where the evaluation of a member is told of what others did. Safe for use by many threads. */
public interface AlertControl {

  /**
   * Says that an alert was changed in the ledger by somebody else than the evaluation, such as a
   * user who resolved it. To be called on the member that owns the shard, after the change; returns
   * at once.
   *
   * @param now how the alert stands
   */
  void changedElsewhere(int shard, AlertState now);
}
