package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.Alert;
import java.io.IOException;
import java.util.Objects;

/** One instance of an alert on its way to the database. */
public final class HistoryEntry implements IdentifiedDataSerializable {

  private static final byte FORM = 1;

  private long revision;
  private Alert alert;

  /** For deserialization. */
  public HistoryEntry() {}

  /**
   * Holds an instance.
   *
   * @param revision of the state that it comes from; a higher one takes the place of a lower one
   */
  public HistoryEntry(long revision, Alert alert) {
    this.revision = revision;
    this.alert = alert;
  }

  /** Returns the revision of the state that it comes from. */
  public long revision() {
    return revision;
  }

  /** Returns the instance. */
  public Alert alert() {
    return alert;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.HISTORY_ENTRY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    // First: it is read without building the rest.
    out.writeLong(revision);
    out.writeByte(FORM);
    AlertWire.write(out, alert);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    revision = in.readLong();
    AlertWire.requireVersion(in, FORM, "an alert");
    alert = AlertWire.readAlert(in);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HistoryEntry entry
        && revision == entry.revision
        && Objects.equals(alert, entry.alert);
  }

  @Override
  public int hashCode() {
    return Objects.hash(revision, alert);
  }
}
