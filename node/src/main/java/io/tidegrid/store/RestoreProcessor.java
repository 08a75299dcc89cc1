package io.tidegrid.store;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;

/** Gives a shard, owner and backups alike, a part of what the database has of it. */
final class RestoreProcessor
    implements EntryProcessor<Integer, Shard, Void>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private transient ShardBatch batch = new ShardBatch();
  private boolean directoryWhole;
  private boolean samplesWhole;
  private long wholeFromMs;

  RestoreProcessor() {}

  private RestoreProcessor(
      ShardBatch batch, boolean directoryWhole, boolean samplesWhole, long wholeFromMs) {
    this.batch = batch;
    this.directoryWhole = directoryWhole;
    this.samplesWhole = samplesWhole;
    this.wholeFromMs = wholeFromMs;
  }

  static RestoreProcessor content(ShardBatch batch) {
    return new RestoreProcessor(batch, false, false, 0);
  }

  static RestoreProcessor wholeDirectory() {
    return new RestoreProcessor(new ShardBatch(), true, false, 0);
  }

  static RestoreProcessor wholeFrom(long fromMs) {
    return new RestoreProcessor(new ShardBatch(), false, true, fromMs);
  }

  @Override
  public Void process(Map.Entry<Integer, Shard> entry) {
    Shard shard = entry.getValue();
    if (shard == null) {
      // A copy that its owner is yet to fill; what is restored there comes along then.
      return null;
    }
    shard.enter(batch.births());
    shard.restore(batch);
    if (directoryWhole) {
      shard.directoryRestored();
    }
    if (samplesWhole) {
      shard.restoredFrom(wholeFromMs);
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
    return StoreSerializers.RESTORE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    batch.writeData(out);
    out.writeBoolean(directoryWhole);
    out.writeBoolean(samplesWhole);
    out.writeLong(wholeFromMs);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    batch = new ShardBatch();
    batch.readData(in);
    directoryWhole = in.readBoolean();
    samplesWhole = in.readBoolean();
    wholeFromMs = in.readLong();
  }
}
