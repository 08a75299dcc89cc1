package io.tidegrid.live;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Optional;

/** All filters of a member; nothing when it has no hub. */
final class FiltersReply implements IdentifiedDataSerializable {

  private Optional<FilterUpdate> filters;

  /** For deserialization, and for members without a hub. */
  FiltersReply() {
    this.filters = Optional.empty();
  }

  FiltersReply(FilterUpdate filters) {
    this.filters = Optional.of(filters);
  }

  Optional<FilterUpdate> filters() {
    return filters;
  }

  @Override
  public int getFactoryId() {
    return LiveSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return LiveSerializers.FILTERS;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeBoolean(filters.isPresent());
    if (filters.isPresent()) {
      filters.get().write(out);
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    filters = in.readBoolean() ? Optional.of(FilterUpdate.read(in)) : Optional.empty();
  }
}
