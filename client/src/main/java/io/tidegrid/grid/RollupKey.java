package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.partition.PartitionAware;
import io.tidegrid.tier.Tier;
import java.io.IOException;

/** Names the figures of one shard and span; lies in the shard's own partition. */
public final class RollupKey implements IdentifiedDataSerializable, PartitionAware<Integer> {

  private int shard;
  private int partitionKey;
  private Tier tier = Tier.ONE_MINUTE;
  private long startMs;

  /** For deserialization. */
  public RollupKey() {}

  /**
   * For a span of a shard.
   *
   * @param shard the shard, from 0
   * @param partitionKey the key whose partition the shard is
   * @param tier the finest tier that the block holds: minutes of a block of samples, or the day
   * @param startMs the start of the block or day in milliseconds since 1970
   */
  public RollupKey(int shard, int partitionKey, Tier tier, long startMs) {
    this.shard = shard;
    this.partitionKey = partitionKey;
    this.tier = tier;
    this.startMs = startMs;
  }

  /** Returns the shard, from 0. */
  public int shard() {
    return shard;
  }

  /** Returns the finest tier that the block holds. */
  public Tier tier() {
    return tier;
  }

  /** Returns the start of the block or day in milliseconds since 1970. */
  public long startMs() {
    return startMs;
  }

  @Override
  public Integer getPartitionKey() {
    return partitionKey;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.ROLLUP_KEY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(shard);
    out.writeInt(partitionKey);
    out.writeString(tier.text());
    out.writeLong(startMs);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    shard = in.readInt();
    partitionKey = in.readInt();
    String text = in.readString();
    tier = Tier.of(text).orElseThrow(() -> new IOException("there is no tier " + text));
    startMs = in.readLong();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RollupKey key
        && shard == key.shard
        && tier == key.tier
        && startMs == key.startMs;
  }

  @Override
  public int hashCode() {
    return (shard * 31 + Long.hashCode(tier.windowMs())) * 31 + Long.hashCode(startMs);
  }

  @Override
  public String toString() {
    return shard + "/" + tier.text() + "/" + startMs;
  }
}
