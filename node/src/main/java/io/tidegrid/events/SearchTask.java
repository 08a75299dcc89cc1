package io.tidegrid.events;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.EventBatch;
import io.tidegrid.model.Event;
import io.tidegrid.persist.LocalEvents;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/** Looks through the events in a member's memory. */
final class SearchTask
    implements Callable<FoundEvents>, HazelcastInstanceAware, IdentifiedDataSerializable {

  private String tenant = "";
  private boolean byTag;
  private String wanted = "";
  private long fromMs;
  private long toMs;
  private int limit;
  private int[] shards = {};
  private HazelcastInstance hazelcast;

  /** For deserialization. */
  SearchTask() {}

  private SearchTask(
      String tenant, boolean byTag, String wanted, long fromMs, long toMs, int limit) {
    this.tenant = tenant;
    this.byTag = byTag;
    this.wanted = wanted;
    this.fromMs = fromMs;
    this.toMs = toMs;
    this.limit = limit;
  }

  static SearchTask ofDevice(String tenant, String device, long fromMs, long toMs, int limit) {
    return new SearchTask(tenant, false, device, fromMs, toMs, limit);
  }

  static SearchTask tagged(String tenant, String tag, long fromMs, long toMs, int limit) {
    return new SearchTask(tenant, true, tag, fromMs, toMs, limit);
  }

  int limit() {
    return limit;
  }

  /** Returns the same for these shards. */
  SearchTask in(int[] some) {
    SearchTask task = new SearchTask(tenant, byTag, wanted, fromMs, toMs, limit);
    task.shards = some;
    return task;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    this.hazelcast = instance;
  }

  @Override
  public FoundEvents call() {
    return call(new LocalEvents(hazelcast));
  }

  FoundEvents call(LocalEvents events) {
    NewestEvents newest = new NewestEvents(limit);
    IntStream.Builder missed = IntStream.builder();
    for (int shard : shards) {
      Optional<List<EventBatch>> batches = events.read(shard);
      if (batches.isEmpty()) {
        missed.add(shard);
      } else {
        batches.get().forEach(batch -> look(batch, newest));
      }
    }
    return new FoundEvents(newest.list(), missed.build().toArray());
  }

  private void look(EventBatch batch, NewestEvents newest) {
    if (batch.tenant().equals(tenant)) {
      for (Event event : batch.events()) {
        boolean matches =
            event.timeMs() >= fromMs
                && event.timeMs() <= toMs
                && (byTag ? event.tags().contains(wanted) : event.deviceId().equals(wanted));
        if (matches) {
          newest.add(event);
        }
      }
    }
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.SEARCH;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(tenant);
    out.writeBoolean(byTag);
    out.writeString(wanted);
    out.writeLong(fromMs);
    out.writeLong(toMs);
    out.writeInt(limit);
    out.writeIntArray(shards);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    tenant = in.readString();
    byTag = in.readBoolean();
    wanted = in.readString();
    fromMs = in.readLong();
    toMs = in.readLong();
    limit = in.readInt();
    shards = in.readIntArray();
  }

  @Override
  public String toString() {
    return "events of " + tenant + " in shards " + Arrays.toString(shards);
  }
}
