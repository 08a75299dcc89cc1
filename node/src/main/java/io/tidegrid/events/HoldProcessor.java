package io.tidegrid.events;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;
import java.util.UUID;

/** Repeats on a backup what the owner reserved, and how its state began. */
final class HoldProcessor
    implements EntryProcessor<Integer, EventIds, ReserveOutcome>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private transient Origin origin = new Origin(0, 0, 0, 0, false);
  private long[] found = {};
  private long foundLatestMs;
  private UUID caller = new UUID(0, 0);
  private long token;
  private long[] ids = {};
  private long[] bodies = {};
  private long nowMs;

  /** For deserialization. */
  HoldProcessor() {}

  HoldProcessor(Origin origin, long[] found, long foundLatestMs) {
    this(origin, found, foundLatestMs, new UUID(0, 0), 0, new long[0], new long[0], 0);
  }

  HoldProcessor(
      Origin origin,
      long[] found,
      long foundLatestMs,
      UUID caller,
      long token,
      long[] ids,
      long[] bodies,
      long nowMs) {
    this.origin = origin;
    this.found = found;
    this.foundLatestMs = foundLatestMs;
    this.caller = caller;
    this.token = token;
    this.ids = ids;
    this.bodies = bodies;
    this.nowMs = nowMs;
  }

  @Override
  public ReserveOutcome process(Map.Entry<Integer, EventIds> entry) {
    EventIds state = entry.getValue();
    if (state == null || state.origin().seed() != origin.seed()) {
      state = new EventIds(origin);
      entry.setValue(state);
    }
    state.add(found, foundLatestMs);
    state.hold(caller, token, ids, bodies, nowMs);
    return new ReserveOutcome();
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.HOLD;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    origin.writeData(out);
    out.writeLongArray(found);
    out.writeLong(foundLatestMs);
    out.writeLong(caller.getMostSignificantBits());
    out.writeLong(caller.getLeastSignificantBits());
    out.writeLong(token);
    out.writeLongArray(ids);
    out.writeLongArray(bodies);
    out.writeLong(nowMs);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    origin = Origin.readData(in);
    found = in.readLongArray();
    foundLatestMs = in.readLong();
    caller = new UUID(in.readLong(), in.readLong());
    token = in.readLong();
    ids = in.readLongArray();
    bodies = in.readLongArray();
    nowMs = in.readLong();
  }
}
