package io.tidegrid.alerting;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.Delivered;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.model.AlertState;
import java.io.IOException;

/**
 * Ends an alert by hand on the member that judges it; returns how it stands afterwards, null by
 * Hazelcast's contract for one that is no more.
 */
final class ResolveTask extends MemberTask<StateEntry> {

  private AlertKey key = new AlertKey();
  private StateEntry resolved = new StateEntry();

  /** For deserialization. */
  ResolveTask() {}

  /**
   * For an alert.
   *
   * @param resolved how it is to stand
   */
  ResolveTask(AlertKey key, AlertState resolved) {
    this.key = key;
    this.resolved = new StateEntry(0, resolved, Delivered.NOTHING, Delivered.NOTHING, false);
  }

  @Override
  public StateEntry call() {
    return center()
        .orElseThrow(() -> new IllegalStateException("the member is starting or stopping"))
        .resolveHere(key, resolved.state())
        .orElse(null);
  }

  @Override
  public int getClassId() {
    return AlertingSerializers.RESOLVE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    key.writeData(out);
    resolved.writeData(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    key = new AlertKey();
    key.readData(in);
    resolved = new StateEntry();
    resolved.readData(in);
  }
}
