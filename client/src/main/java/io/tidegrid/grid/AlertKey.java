package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.partition.PartitionAware;
import java.io.IOException;

/** Names one alert of one rule; lies in the partition of the shard that judges it. */
public final class AlertKey implements IdentifiedDataSerializable, PartitionAware<Integer> {

  private int shard;
  private int partitionKey;
  private String tenant = "";
  private String ruleId = "";
  private long fingerprint;

  /** For deserialization. */
  public AlertKey() {}

  /**
   * For an alert.
   *
   * @param shard the shard, from 0
   * @param partitionKey the key whose partition the shard is
   * @param tenant whose it is
   * @param ruleId the rule
   * @param fingerprint names it within the tenant
   */
  public AlertKey(int shard, int partitionKey, String tenant, String ruleId, long fingerprint) {
    this.shard = shard;
    this.partitionKey = partitionKey;
    this.tenant = tenant;
    this.ruleId = ruleId;
    this.fingerprint = fingerprint;
  }

  /** Returns a key that names a shard as a whole. */
  public static AlertKey ofShard(int shard, int partitionKey) {
    return new AlertKey(shard, partitionKey, "", "", 0);
  }

  /** Returns the shard, from 0. */
  public int shard() {
    return shard;
  }

  /** Returns whose it is. */
  public String tenant() {
    return tenant;
  }

  /** Returns the rule. */
  public String ruleId() {
    return ruleId;
  }

  /** Returns what names the alert within the tenant. */
  public long fingerprint() {
    return fingerprint;
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
    return GridSerializers.ALERT_KEY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(shard);
    out.writeInt(partitionKey);
    out.writeString(tenant);
    out.writeString(ruleId);
    out.writeLong(fingerprint);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    shard = in.readInt();
    partitionKey = in.readInt();
    tenant = in.readString();
    ruleId = in.readString();
    fingerprint = in.readLong();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AlertKey key
        && shard == key.shard
        && fingerprint == key.fingerprint
        && tenant.equals(key.tenant)
        && ruleId.equals(key.ruleId);
  }

  @Override
  public int hashCode() {
    return (Long.hashCode(fingerprint) * 31 + ruleId.hashCode()) * 31 + shard;
  }

  @Override
  public String toString() {
    return shard + "/" + tenant + "/" + ruleId + "/" + Long.toHexString(fingerprint);
  }
}
