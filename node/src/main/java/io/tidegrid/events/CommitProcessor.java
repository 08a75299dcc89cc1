package io.tidegrid.events;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.BitSet;
import java.util.Map;

/**
 * Remembers a write whose events are in memory: first on the owner, run in place by {@link
 * EventWriteOperation}, then the same on its backups.
 */
final class CommitProcessor
    implements EntryProcessor<Integer, EventIds, Void>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private transient Origin origin = new Origin(0, 0, 0, 0, false);
  private transient EventIds.Written done = new EventIds.Written(0, 0, new BitSet(), 0);
  private long[] ids = {};
  private long[] known = {};
  private long latestMs;
  private long decidesFromMs;
  private transient EventIds.Turn turn = EventIds.Turn.NONE;
  private transient boolean run;

  /** For deserialization. */
  CommitProcessor() {}

  CommitProcessor(
      Origin origin,
      EventIds.Written done,
      long[] ids,
      long[] known,
      long latestMs,
      long decidesFromMs,
      EventIds.Turn turn) {
    this.origin = origin;
    this.done = done;
    this.ids = ids;
    this.known = known;
    this.latestMs = latestMs;
    this.decidesFromMs = decidesFromMs;
    this.turn = turn;
  }

  /** Tells whether it ran in this object, not in a copy elsewhere. */
  boolean hasRun() {
    return run;
  }

  @Override
  public Void process(Map.Entry<Integer, EventIds> entry) {
    EventIds state = entry.getValue();
    if (state == null || state.origin().seed() != origin.seed()) {
      // A copy that is yet to be filled by its owner.
      state = new EventIds(origin);
      entry.setValue(state);
    }
    state.commit(done, ids, known, latestMs, decidesFromMs, turn);
    run = true;
    return null;
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.COMMIT;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    origin.writeData(out);
    out.writeLong(done.operation());
    out.writeInt(done.number());
    out.writeLongArray(done.stored().toLongArray());
    out.writeLong(done.atMs());
    out.writeLongArray(ids);
    out.writeLongArray(known);
    out.writeLong(latestMs);
    out.writeLong(decidesFromMs);
    out.writeBoolean(turn.open());
    out.writeInt(turn.forget());
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    origin = Origin.readData(in);
    done =
        new EventIds.Written(
            in.readLong(), in.readInt(), BitSet.valueOf(in.readLongArray()), in.readLong());
    ids = in.readLongArray();
    known = in.readLongArray();
    latestMs = in.readLong();
    decidesFromMs = in.readLong();
    turn = new EventIds.Turn(in.readBoolean(), in.readInt());
  }
}
