package io.tidegrid.alerting;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.grid.TenantEntry;
import io.tidegrid.grid.TenantKey;
import java.io.IOException;
import java.util.Optional;

/** Tells a member of a rule or silence that was written or taken away; whether it took note. */
final class TableChanged extends MemberTask<Boolean> {

  private String table = "";
  private TenantKey key = new TenantKey();
  private Optional<TenantEntry> value = Optional.empty();

  /** For deserialization. */
  TableChanged() {}

  /**
   * For a change.
   *
   * @param value what was written; empty when it was taken away
   */
  TableChanged(String table, TenantKey key, Optional<TenantEntry> value) {
    this.table = table;
    this.key = key;
    this.value = value;
  }

  @Override
  public Boolean call() {
    Optional<AlertCenter> center = center();
    center.ifPresent(any -> any.changed(table, key, value));
    return center.isPresent();
  }

  @Override
  public int getClassId() {
    return AlertingSerializers.TABLE_CHANGED;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(table);
    key.writeData(out);
    out.writeBoolean(value.isPresent());
    if (value.isPresent()) {
      out.writeObject(value.get());
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    table = in.readString();
    key = new TenantKey();
    key.readData(in);
    value = in.readBoolean() ? Optional.of(in.<TenantEntry>readObject()) : Optional.empty();
  }
}
