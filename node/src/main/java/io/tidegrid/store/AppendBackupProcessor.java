package io.tidegrid.store;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;
import java.util.UUID;

/** Applies on a backup what the owner appended, under the owner's number. */
final class AppendBackupProcessor
    implements EntryProcessor<Integer, Shard, AppendOutcome>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private int epoch;
  private int counter;
  private UUID sequencer = new UUID(0, 0);
  private long createdWholeFromMs;
  private transient ShardBatch batch;

  AppendBackupProcessor() {}

  AppendBackupProcessor(
      int epoch, int counter, UUID sequencer, long createdWholeFromMs, ShardBatch batch) {
    this.epoch = epoch;
    this.counter = counter;
    this.sequencer = sequencer;
    this.createdWholeFromMs = createdWholeFromMs;
    this.batch = batch;
  }

  @Override
  public AppendOutcome process(Map.Entry<Integer, Shard> entry) {
    Shard shard = entry.getValue();
    if (shard == null) {
      // Either the shard was born with this append, or this copy is yet to be filled by its owner.
      boolean born = counter == 1;
      shard =
          born ? new Shard(createdWholeFromMs, createdWholeFromMs == Long.MIN_VALUE) : new Shard();
      entry.setValue(shard);
    }
    shard.enter(batch.births());
    shard.apply(epoch, counter, sequencer, batch);
    return new AppendOutcome();
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.APPEND_BACKUP;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(epoch);
    out.writeInt(counter);
    out.writeLong(sequencer.getMostSignificantBits());
    out.writeLong(sequencer.getLeastSignificantBits());
    out.writeLong(createdWholeFromMs);
    batch.writeData(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    epoch = in.readInt();
    counter = in.readInt();
    sequencer = new UUID(in.readLong(), in.readLong());
    createdWholeFromMs = in.readLong();
    batch = new ShardBatch();
    batch.readData(in);
  }
}
