package io.tidegrid.alerting;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.StateEntry;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;
import java.util.Optional;

/**
 * What a change of a state came to, for backups: they must hold what the owner does, whatever they
 * held before.
 */
final class PutState
    implements EntryProcessor<AlertKey, StateEntry, StateEntry>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private transient Optional<StateEntry> entry = Optional.empty();

  /** For deserialization. */
  PutState() {}

  /**
   * For a change.
   *
   * @param entry what stands there; empty for nothing
   */
  PutState(Optional<StateEntry> entry) {
    this.entry = entry;
  }

  /** Null, by Hazelcast's contract, takes the entry away. */
  @Override
  public StateEntry process(Map.Entry<AlertKey, StateEntry> target) {
    var _ = target.setValue(entry.orElse(null));
    return null;
  }

  @Override
  public int getFactoryId() {
    return AlertingSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return AlertingSerializers.PUT_STATE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeObject(entry.orElse(null));
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    entry = Optional.ofNullable(in.readObject());
  }
}
