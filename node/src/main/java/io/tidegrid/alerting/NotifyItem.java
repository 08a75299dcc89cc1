package io.tidegrid.alerting;

import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.Delivered;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertState;

/**
 * Something that a receiver outside is to be told. Immutable.
 *
 * @param key names the alert
 * @param state how it stands
 * @param alert the same for people
 */
record NotifyItem(AlertKey key, AlertState state, Alert alert) {

  /** Returns what the receiver knows once it was told. */
  Delivered told() {
    return Delivered.of(state);
  }

  /** Tells whether another says the same of the same instance. */
  boolean isSame(NotifyItem other) {
    return key.equals(other.key) && told().equals(other.told());
  }
}
