package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;

/** What a shard's owner says of an append. Immutable. */
public final class AppendOutcome implements IdentifiedDataSerializable {

  /** Whether anything was changed. */
  public enum Status {
    /** The samples are in the shard, on the owner and its synchronous backups. */
    APPENDED(0),
    /** Nothing was changed: ids were confirmed in another epoch. Send the labels. */
    OTHER_EPOCH(1),
    /** Nothing was changed: too much of this member's data is not yet persisted. */
    BACKLOG_FULL(2);

    private final int wireId;

    Status(int wireId) {
      this.wireId = wireId;
    }

    private static Status of(int wireId) {
      for (Status status : values()) {
        if (status.wireId == wireId) {
          return status;
        }
      }
      throw new IllegalArgumentException("no append status has the id " + wireId);
    }
  }

  private Status status = Status.OTHER_EPOCH;
  private int epoch;
  private int counter;
  private boolean overlapping;
  private long[] birthIds = {};

  /** For deserialization. */
  public AppendOutcome() {}

  AppendOutcome(Status status, int epoch, int counter, boolean overlapping, long[] birthIds) {
    this.status = status;
    this.epoch = epoch;
    this.counter = counter;
    this.overlapping = overlapping;
    this.birthIds = birthIds;
  }

  /** Returns whether the samples were appended. */
  public Status status() {
    return status;
  }

  /** Returns the epoch of the shard's state; of the append, when there was one. */
  public int epoch() {
    return epoch;
  }

  /** Returns the number of the append within the epoch. */
  public int counter() {
    return counter;
  }

  /** Tells whether a sample of these (series, time) may have been written before. */
  public boolean overlapping() {
    return overlapping;
  }

  /** Returns for each birth the id that the shard gave the series. */
  public long[] birthIds() {
    return birthIds;
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.APPEND_OUTCOME;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeByte(status.wireId);
    out.writeInt(epoch);
    out.writeInt(counter);
    out.writeBoolean(overlapping);
    out.writeLongArray(birthIds);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    status = Status.of(in.readByte());
    epoch = in.readInt();
    counter = in.readInt();
    overlapping = in.readBoolean();
    birthIds = in.readLongArray();
  }
}
