package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.Alert;
import io.tidegrid.model.Labels;
import java.io.IOException;
import java.util.Optional;

/** An entry of the ring of announcements: an alert that changed, or a sample that broke a rule. */
public final class Announcement implements IdentifiedDataSerializable {

  private static final byte FORM = 1;

  private Optional<Alert> alert = Optional.empty();
  private String tenant = "";
  private String ruleId = "";
  private Labels labels = Labels.empty();
  private long timeMs;
  private double value;

  /** For deserialization. */
  public Announcement() {}

  /** An alert that began to fire, or was resolved. */
  public Announcement(Alert alert) {
    this.alert = Optional.of(alert);
    this.tenant = alert.tenant();
  }

  /**
   * A sample that met the threshold of a rule.
   *
   * @param timeMs its time, milliseconds since 1970
   */
  public Announcement(String tenant, String ruleId, Labels labels, long timeMs, double value) {
    this.tenant = tenant;
    this.ruleId = ruleId;
    this.labels = labels;
    this.timeMs = timeMs;
    this.value = value;
  }

  /** Returns the alert; empty for a sample. */
  public Optional<Alert> alert() {
    return alert;
  }

  /** Returns whose it is. */
  public String tenant() {
    return tenant;
  }

  /** Returns the rule that a sample broke. */
  public String ruleId() {
    return ruleId;
  }

  /** Returns the labels of the sample's series. */
  public Labels labels() {
    return labels;
  }

  /** Returns the sample's time, milliseconds since 1970. */
  public long timeMs() {
    return timeMs;
  }

  /** Returns the sample's value. */
  public double value() {
    return value;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.ANNOUNCEMENT;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeByte(FORM);
    out.writeBoolean(alert.isPresent());
    if (alert.isPresent()) {
      AlertWire.write(out, alert.get());
      return;
    }
    out.writeString(tenant);
    out.writeString(ruleId);
    out.writeByteArray(labels.canonicalBytes());
    out.writeLong(timeMs);
    out.writeDouble(value);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    AlertWire.requireVersion(in, FORM, "an announcement");
    if (in.readBoolean()) {
      Alert read = AlertWire.readAlert(in);
      alert = Optional.of(read);
      tenant = read.tenant();
      return;
    }
    tenant = in.readString();
    ruleId = in.readString();
    labels = Labels.fromCanonical(in.readByteArray());
    timeMs = in.readLong();
    value = in.readDouble();
  }
}
