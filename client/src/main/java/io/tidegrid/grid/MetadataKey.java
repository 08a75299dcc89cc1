package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;

/** Names the metadata of one metric of one tenant. */
public final class MetadataKey implements IdentifiedDataSerializable {

  private String tenant = "";
  private String metric = "";

  /** For deserialization. */
  public MetadataKey() {}

  /** For the given tenant and metric. */
  public MetadataKey(String tenant, String metric) {
    this.tenant = tenant;
    this.metric = metric;
  }

  /** Returns the tenant. */
  public String tenant() {
    return tenant;
  }

  /** Returns the metric name. */
  public String metric() {
    return metric;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.METADATA_KEY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(tenant);
    out.writeString(metric);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    tenant = in.readString();
    metric = in.readString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MetadataKey key
        && tenant.equals(key.tenant)
        && metric.equals(key.metric);
  }

  @Override
  public int hashCode() {
    return tenant.hashCode() * 31 + metric.hashCode();
  }

  @Override
  public String toString() {
    return tenant + "/" + metric;
  }
}
