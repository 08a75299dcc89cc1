package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;

/** Names something of one tenant: a rule, a silence, an instance of an alert. */
public final class TenantKey implements IdentifiedDataSerializable {

  private String tenant = "";
  private String id = "";

  /** For deserialization. */
  public TenantKey() {}

  /** For the given tenant and id. */
  public TenantKey(String tenant, String id) {
    this.tenant = tenant;
    this.id = id;
  }

  /** Returns the tenant. */
  public String tenant() {
    return tenant;
  }

  /** Returns the id within the tenant. */
  public String id() {
    return id;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.TENANT_KEY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(tenant);
    out.writeString(id);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    tenant = in.readString();
    id = in.readString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TenantKey key && tenant.equals(key.tenant) && id.equals(key.id);
  }

  @Override
  public int hashCode() {
    return tenant.hashCode() * 31 + id.hashCode();
  }

  @Override
  public String toString() {
    return tenant + "/" + id;
  }
}
