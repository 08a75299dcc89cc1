package io.tidegrid.store;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;

/**
 * Changes the marks of what is to be rolled up of a shard, on owner and backups alike: they have
 * the same marks, so they clear the same. A copy that is yet to be filled by its owner gets the
 * marks along with everything else.
 */
final class RollupProcessor
    implements EntryProcessor<Integer, Shard, Void>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private enum Change {
    BLOCK_ROLLED(0),
    DAY_ROLLED(1),
    RESTORED(2);

    private final int wireId;

    Change(int wireId) {
      this.wireId = wireId;
    }

    private static Change of(int wireId) throws IOException {
      for (Change change : values()) {
        if (change.wireId == wireId) {
          return change;
        }
      }
      throw new IOException("no change of marks has the id " + wireId);
    }
  }

  private Change change = Change.BLOCK_ROLLED;
  private long startMs;
  private long throughSequence;
  private transient DirtMarks restored = new DirtMarks();

  RollupProcessor() {}

  private RollupProcessor(Change change, long startMs, long throughSequence) {
    this.change = change;
    this.startMs = startMs;
    this.throughSequence = throughSequence;
  }

  static RollupProcessor blockRolled(long startMs, long throughSequence) {
    return new RollupProcessor(Change.BLOCK_ROLLED, startMs, throughSequence);
  }

  static RollupProcessor dayRolled(long startMs, long throughSequence) {
    return new RollupProcessor(Change.DAY_ROLLED, startMs, throughSequence);
  }

  static RollupProcessor restored(RollupDirt marks) {
    RollupProcessor processor = new RollupProcessor(Change.RESTORED, 0, 0);
    processor.restored.merge(marks.blocks(), marks.days());
    return processor;
  }

  @Override
  public Void process(Map.Entry<Integer, Shard> entry) {
    Shard shard = entry.getValue();
    if (shard != null) {
      switch (change) {
        case BLOCK_ROLLED -> shard.blockRolled(startMs, throughSequence);
        case DAY_ROLLED -> shard.dayRolled(startMs, throughSequence);
        case RESTORED -> shard.restoreDirt(restored.snapshot());
      }
    }
    return null;
  }

  @Override
  public EntryProcessor<Integer, Shard, Void> getBackupProcessor() {
    return this;
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.ROLLUP;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeByte(change.wireId);
    out.writeLong(startMs);
    out.writeLong(throughSequence);
    restored.write(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    change = Change.of(in.readByte());
    startMs = in.readLong();
    throughSequence = in.readLong();
    restored = new DirtMarks();
    restored.read(in);
  }
}
