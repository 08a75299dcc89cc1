package io.tidegrid.events;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;

/** Takes back ids that a caller reserved and gives up, on owner and backups. */
final class ReleaseProcessor
    implements EntryProcessor<Integer, EventIds, Void>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private long seed;
  private long token;
  private long[] ids = {};

  /** For deserialization. */
  ReleaseProcessor() {}

  ReleaseProcessor(long seed, long token, long[] ids) {
    this.seed = seed;
    this.token = token;
    this.ids = ids;
  }

  @Override
  public Void process(Map.Entry<Integer, EventIds> entry) {
    EventIds state = entry.getValue();
    if (state != null && state.origin().seed() == seed) {
      state.release(token, ids);
    }
    return null;
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.RELEASE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(seed);
    out.writeLong(token);
    out.writeLongArray(ids);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    seed = in.readLong();
    token = in.readLong();
    ids = in.readLongArray();
  }
}
