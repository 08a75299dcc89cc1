package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.AlertState;
import java.io.IOException;
import java.util.Objects;

/** How an alert stands, and what receivers know of it, as the grid keeps it. */
public final class StateEntry implements IdentifiedDataSerializable {

  private static final byte FORM = 1;

  private long revision;
  private AlertState state;
  private Delivered webhook = Delivered.NOTHING;
  private Delivered alertmanager = Delivered.NOTHING;
  private boolean ended;

  /** For deserialization. */
  public StateEntry() {}

  /**
   * Holds a state.
   *
   * @param revision rises with each change of the entry
   * @param state how the alert stands
   * @param webhook what the webhook knows
   * @param alertmanager what the Alertmanager knows
   * @param ended whether evaluation needs it no more, and it only waits for receivers
   */
  public StateEntry(
      long revision, AlertState state, Delivered webhook, Delivered alertmanager, boolean ended) {
    this.revision = revision;
    this.state = state;
    this.webhook = webhook;
    this.alertmanager = alertmanager;
    this.ended = ended;
  }

  /** Returns a number that rises with each change of the entry. */
  public long revision() {
    return revision;
  }

  /** Returns how the alert stands. */
  public AlertState state() {
    return state;
  }

  /** Returns what the webhook knows. */
  public Delivered webhook() {
    return webhook;
  }

  /** Returns what the Alertmanager knows. */
  public Delivered alertmanager() {
    return alertmanager;
  }

  /** Tells whether evaluation needs it no more, and it only waits for receivers. */
  public boolean ended() {
    return ended;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.STATE_ENTRY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    // First: it is read without building the rest.
    out.writeLong(revision);
    out.writeByte(FORM);
    AlertWire.write(out, state);
    webhook.write(out);
    alertmanager.write(out);
    out.writeBoolean(ended);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    revision = in.readLong();
    AlertWire.requireVersion(in, FORM, "the state of an alert");
    state = AlertWire.readState(in);
    webhook = Delivered.read(in);
    alertmanager = Delivered.read(in);
    ended = in.readBoolean();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StateEntry entry
        && revision == entry.revision
        && Objects.equals(state, entry.state)
        && webhook.equals(entry.webhook)
        && alertmanager.equals(entry.alertmanager)
        && ended == entry.ended;
  }

  @Override
  public int hashCode() {
    return Objects.hash(revision, state);
  }
}
