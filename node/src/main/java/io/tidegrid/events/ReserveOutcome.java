package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;

/** What a shard's owner says to a request for ids. */
final class ReserveOutcome implements IdentifiedDataSerializable {

  private Origin origin;
  private boolean full;
  private byte[] verdicts;

  /** For deserialization. */
  ReserveOutcome() {
    this(new Origin(0, 0, 0, 0, false), false, new byte[0]);
  }

  /**
   * @param origin what the shard's hashes are made with
   * @param full whether too much waits for the database
   * @param verdicts for each id, as in {@link EventIds}; none when full, or when the ids were not
   *     hashed with the shard's seed
   */
  ReserveOutcome(Origin origin, boolean full, byte[] verdicts) {
    this.origin = origin;
    this.full = full;
    this.verdicts = verdicts;
  }

  Origin origin() {
    return origin;
  }

  boolean full() {
    return full;
  }

  byte[] verdicts() {
    return verdicts;
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.OUTCOME;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    origin.writeData(out);
    out.writeBoolean(full);
    out.writeByteArray(verdicts);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    origin = Origin.readData(in);
    full = in.readBoolean();
    verdicts = in.readByteArray();
  }
}
