package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.partition.PartitionAware;
import java.io.IOException;

/** Names one batch of one shard; lies in the shard's own partition. */
public final class JournalKey
    implements IdentifiedDataSerializable, PartitionAware<Integer>, Comparable<JournalKey> {

  private int shard;
  private int partitionKey;
  private int epoch;
  private int counter;

  /** For deserialization. */
  public JournalKey() {}

  /**
   * @param shard the shard, from 0
   * @param partitionKey the key whose partition the shard is
   * @param epoch the epoch of the shard's state: seconds since 1970
   * @param counter the number of the batch within the epoch, from 1
   */
  public JournalKey(int shard, int partitionKey, int epoch, int counter) {
    this.shard = shard;
    this.partitionKey = partitionKey;
    this.epoch = epoch;
    this.counter = counter;
  }

  /** Returns the shard, from 0. */
  public int shard() {
    return shard;
  }

  /** Returns the epoch of the shard's state: seconds since 1970. */
  public int epoch() {
    return epoch;
  }

  /** Returns the number of the batch within the epoch, from 1. */
  public int counter() {
    return counter;
  }

  /** Returns the sequence that orders all writes of the shard: epoch, then counter. */
  public long sequence() {
    return (long) epoch << 32 | (counter & 0xFFFFFFFFL);
  }

  @Override
  public Integer getPartitionKey() {
    return partitionKey;
  }

  @Override
  public int compareTo(JournalKey other) {
    int byShard = Integer.compare(shard, other.shard);
    return byShard != 0 ? byShard : Long.compareUnsigned(sequence(), other.sequence());
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.JOURNAL_KEY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(shard);
    out.writeInt(partitionKey);
    out.writeInt(epoch);
    out.writeInt(counter);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    shard = in.readInt();
    partitionKey = in.readInt();
    epoch = in.readInt();
    counter = in.readInt();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof JournalKey key
        && shard == key.shard
        && epoch == key.epoch
        && counter == key.counter;
  }

  @Override
  public int hashCode() {
    return (shard * 31 + epoch) * 31 + counter;
  }

  @Override
  public String toString() {
    return shard + "/" + epoch + "/" + counter;
  }
}
