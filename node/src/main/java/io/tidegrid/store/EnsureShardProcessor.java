package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Map;

/** Creates a shard when there is none, and shows the owner's readers where it is. */
final class EnsureShardProcessor
    implements EntryProcessor<Integer, Shard, Void>,
        HazelcastInstanceAware,
        IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private int number;
  private transient HazelcastInstance hazelcast;
  private transient OnBackup onBackup;

  EnsureShardProcessor() {}

  EnsureShardProcessor(int number) {
    this.number = number;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    this.hazelcast = instance;
  }

  @Override
  public Void process(Map.Entry<Integer, Shard> entry) {
    LocalShards local = LocalShards.of(hazelcast);
    Shard shard = entry.getValue();
    if (shard == null) {
      shard = local.create();
      entry.setValue(shard);
      onBackup = new OnBackup(shard.restoredFromMs(), shard.directoryWhole(), shard.incarnation());
    }
    local.see(number, shard);
    return null;
  }

  @Override
  public EntryProcessor<Integer, Shard, Void> getBackupProcessor() {
    return onBackup;
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.ENSURE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(number);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    number = in.readInt();
  }

  /** Creates the same shard on a backup. */
  static final class OnBackup
      implements EntryProcessor<Integer, Shard, Void>, IdentifiedDataSerializable {

    @Serial private static final long serialVersionUID = 1L;

    private long wholeFromMs;
    private boolean directoryWhole;
    private long incarnation;

    OnBackup() {}

    OnBackup(long wholeFromMs, boolean directoryWhole, long incarnation) {
      this.wholeFromMs = wholeFromMs;
      this.directoryWhole = directoryWhole;
      this.incarnation = incarnation;
    }

    @Override
    public Void process(Map.Entry<Integer, Shard> entry) {
      if (entry.getValue() == null) {
        entry.setValue(new Shard(wholeFromMs, directoryWhole, incarnation));
      }
      return null;
    }

    @Override
    public int getFactoryId() {
      return StoreSerializers.FACTORY_ID;
    }

    @Override
    public int getClassId() {
      return StoreSerializers.ENSURE_BACKUP;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
      out.writeLong(wholeFromMs);
      out.writeBoolean(directoryWhole);
      out.writeLong(incarnation);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
      wholeFromMs = in.readLong();
      directoryWhole = in.readBoolean();
      incarnation = in.readLong();
    }
  }
}
