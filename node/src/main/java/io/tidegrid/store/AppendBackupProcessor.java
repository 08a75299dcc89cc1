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
  private boolean born;
  private long createdWholeFromMs;
  private long incarnation;
  private transient ShardBatch batch;

  AppendBackupProcessor() {}

  private AppendBackupProcessor(
      Shard shard, int counter, UUID sequencer, boolean born, ShardBatch batch) {
    this.epoch = shard.epoch();
    this.counter = counter;
    this.sequencer = sequencer;
    this.born = born;
    this.createdWholeFromMs = shard.restoredFromMs();
    this.incarnation = shard.incarnation();
    this.batch = batch;
  }

  /**
   * @param shard as the owner has it
   * @param born whether the owner created it for this batch
   */
  static AppendBackupProcessor of(
      Shard shard, int counter, UUID sequencer, boolean born, ShardBatch batch) {
    return new AppendBackupProcessor(shard, counter, sequencer, born, batch);
  }

  /** Creates a shard whose first batch was refused. */
  static AppendBackupProcessor birth(Shard shard, UUID sequencer) {
    return new AppendBackupProcessor(shard, 0, sequencer, true, new ShardBatch());
  }

  @Override
  public AppendOutcome process(Map.Entry<Integer, Shard> entry) {
    Shard shard = entry.getValue();
    if (shard == null) {
      // Either the shard was born with this append, or this copy is yet to be filled by its owner.
      shard =
          born
              ? new Shard(createdWholeFromMs, createdWholeFromMs == Long.MIN_VALUE, incarnation)
              : new Shard();
      entry.setValue(shard);
    }
    if (counter > 0) {
      shard.enter(batch.births());
      shard.apply(epoch, counter, sequencer, batch);
    }
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
    out.writeBoolean(born);
    out.writeLong(createdWholeFromMs);
    out.writeLong(incarnation);
    batch.writeData(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    epoch = in.readInt();
    counter = in.readInt();
    sequencer = new UUID(in.readLong(), in.readLong());
    born = in.readBoolean();
    createdWholeFromMs = in.readLong();
    incarnation = in.readLong();
    batch = new ShardBatch();
    batch.readData(in);
  }
}
