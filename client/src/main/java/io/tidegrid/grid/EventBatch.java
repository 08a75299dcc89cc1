package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.Event;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Events of one tenant and shard that were accepted at once. Begins with the time they came, so
 * that their age can be read without building them. Immutable but for deserialization.
 */
public final class EventBatch implements IdentifiedDataSerializable {

  private long receivedMs;
  private String tenant;
  private List<Event> events;

  /** For deserialization. */
  public EventBatch() {
    this("", 0, List.of());
  }

  /**
   * @param tenant whose events
   * @param receivedMs when they came, in milliseconds since 1970
   * @param events in the order in which they came
   */
  public EventBatch(String tenant, long receivedMs, List<Event> events) {
    this.tenant = tenant;
    this.receivedMs = receivedMs;
    this.events = List.copyOf(events);
  }

  /** Returns whose events these are. */
  public String tenant() {
    return tenant;
  }

  /** Returns when they came, in milliseconds since 1970. */
  public long receivedMs() {
    return receivedMs;
  }

  /** Returns the events. */
  public List<Event> events() {
    return events;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.EVENT_BATCH;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(receivedMs);
    out.writeString(tenant);
    out.writeInt(events.size());
    for (Event event : events) {
      out.writeString(event.id());
      out.writeString(event.deviceId());
      out.writeLong(event.timeMs());
      out.writeBoolean(event.timed());
      out.writeLong(event.bodyHash());
      int count = event.metrics().size();
      out.writeInt(count);
      for (int i = 0; i < count; i++) {
        out.writeString(event.metrics().get(i));
        out.writeDouble(event.value(i));
      }
      out.writeInt(event.tags().size());
      for (String tag : event.tags()) {
        out.writeString(tag);
      }
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    receivedMs = in.readLong();
    tenant = in.readString();
    Event[] read = new Event[in.readInt()];
    for (int e = 0; e < read.length; e++) {
      String id = in.readString();
      String device = in.readString();
      long time = in.readLong();
      boolean timed = in.readBoolean();
      long bodyHash = in.readLong();
      int count = in.readInt();
      String[] metrics = new String[count];
      double[] values = new double[count];
      for (int i = 0; i < count; i++) {
        metrics[i] = in.readString();
        values[i] = in.readDouble();
      }
      String[] tags = new String[in.readInt()];
      for (int i = 0; i < tags.length; i++) {
        tags[i] = in.readString();
      }
      read[e] =
          new Event(
              id, device, time, timed, bodyHash, Arrays.asList(metrics), values, List.of(tags));
    }
    events = List.of(read);
  }
}
