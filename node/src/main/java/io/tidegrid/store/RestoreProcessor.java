package io.tidegrid.store;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;

/**
 * Gives a shard, owner and backups alike, a part of what the database has of it. Tells whether it
 * did: not when there is no such shard, or another incarnation of it, which lacks what was given to
 * the one before.
 */
final class RestoreProcessor
    implements EntryProcessor<Integer, Shard, Boolean>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private transient ShardBatch batch = new ShardBatch();
  private boolean directoryWhole;
  private boolean samplesWhole;
  private long wholeFromMs;

  /** 0 for any. */
  private long incarnation;

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

  /** Returns this, for one incarnation of the shard only. */
  RestoreProcessor of(long wanted) {
    incarnation = wanted;
    return this;
  }

  @Override
  public Boolean process(Map.Entry<Integer, Shard> entry) {
    Shard shard = entry.getValue();
    if (shard == null || (incarnation != 0 && shard.incarnation() != incarnation)) {
      // On a backup: a copy that its owner is yet to fill; what is restored comes along then.
      return false;
    }
    shard.enter(batch.births());
    shard.restore(batch);
    if (directoryWhole) {
      shard.directoryRestored();
    }
    if (samplesWhole) {
      shard.restoredFrom(wholeFromMs);
    }
    return true;
  }

  @Override
  public EntryProcessor<Integer, Shard, Boolean> getBackupProcessor() {
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
    out.writeLong(incarnation);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    batch = new ShardBatch();
    batch.readData(in);
    directoryWhole = in.readBoolean();
    samplesWhole = in.readBoolean();
    wholeFromMs = in.readLong();
    incarnation = in.readLong();
  }
}
