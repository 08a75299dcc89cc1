package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.BitSet;

/** What a shard's owner did with the events of a write. */
final class WriteOutcome implements IdentifiedDataSerializable {

  private int epoch;
  private int number;
  private BitSet stored;

  /** For deserialization. */
  WriteOutcome() {
    this(0, 0, new BitSet());
  }

  /**
   * @param epoch with {@code number} the key of the batch
   * @param number of the batch
   * @param stored which events it holds; none when the shard does not know the ids any more
   */
  WriteOutcome(int epoch, int number, BitSet stored) {
    this.epoch = epoch;
    this.number = number;
    this.stored = stored;
  }

  int epoch() {
    return epoch;
  }

  int number() {
    return number;
  }

  boolean isStored(int event) {
    return stored.get(event);
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.WRITE_OUTCOME;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(epoch);
    out.writeInt(number);
    out.writeLongArray(stored.toLongArray());
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    epoch = in.readInt();
    number = in.readInt();
    stored = BitSet.valueOf(in.readLongArray());
  }
}
