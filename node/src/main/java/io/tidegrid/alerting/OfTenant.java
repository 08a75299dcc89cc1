package io.tidegrid.alerting;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.query.Predicate;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.TenantKey;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;

/** Finds what belongs to one tenant, by the key alone. */
final class OfTenant implements Predicate<Object, Object>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private String tenant = "";

  /** For deserialization. */
  OfTenant() {}

  OfTenant(String tenant) {
    this.tenant = tenant;
  }

  /** Returns this for a map of any keys and values. */
  // It looks at keys as objects.
  @SuppressWarnings("unchecked")
  <K, V> Predicate<K, V> of() {
    return (Predicate<K, V>) (Predicate<?, ?>) this;
  }

  @Override
  public boolean apply(Map.Entry<Object, Object> entry) {
    return switch (entry.getKey()) {
      case AlertKey key -> key.tenant().equals(tenant);
      case TenantKey key -> key.tenant().equals(tenant);
      default -> false;
    };
  }

  @Override
  public int getFactoryId() {
    return AlertingSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return AlertingSerializers.OF_TENANT;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(tenant);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    tenant = in.readString();
  }
}
