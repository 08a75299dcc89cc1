package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.model.Event;
import java.io.IOException;
import java.util.List;

/** What a member found in its memory. */
final class FoundEvents implements IdentifiedDataSerializable {

  private EventBatch events;
  private int[] missed;

  /** For deserialization. */
  FoundEvents() {
    this(List.of(), new int[0]);
  }

  /**
   * @param missed shards that it does not own
   */
  FoundEvents(List<Event> events, int[] missed) {
    this.events = new EventBatch("", 0, events);
    this.missed = missed;
  }

  List<Event> events() {
    return events.events();
  }

  int[] missed() {
    return missed;
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.FOUND;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    events.writeData(out);
    out.writeIntArray(missed);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    events = new EventBatch();
    events.readData(in);
    missed = in.readIntArray();
  }
}
