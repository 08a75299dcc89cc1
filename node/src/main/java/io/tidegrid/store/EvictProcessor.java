package io.tidegrid.store;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Arrays;
import java.util.Map;

/**
 * Gives up blocks of a shard. The owner leaves out those that were written to since the decision;
 * its backups drop what it dropped. Returns how many went.
 */
final class EvictProcessor
    implements EntryProcessor<Integer, Shard, Integer>, IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private long[] starts = {};
  private long[] through = {};
  private boolean elsewhere;
  private transient EvictProcessor onBackup;

  EvictProcessor() {}

  /**
   * @param starts the blocks, by their starts
   * @param through for each the last sequence that it may have
   * @param elsewhere whether the database has what is given up
   */
  EvictProcessor(long[] starts, long[] through, boolean elsewhere) {
    this.starts = starts;
    this.through = through;
    this.elsewhere = elsewhere;
  }

  @Override
  public Integer process(Map.Entry<Integer, Shard> entry) {
    onBackup = null;
    Shard shard = entry.getValue();
    if (shard == null) {
      return 0;
    }
    long[] gone = shard.evict(starts, through, elsewhere);
    if (gone.length > 0) {
      long[] any = new long[gone.length];
      Arrays.fill(any, BlockEvictor.ANY_SEQUENCE);
      onBackup = new EvictProcessor(gone, any, elsewhere);
    }
    return gone.length;
  }

  @Override
  public EntryProcessor<Integer, Shard, Integer> getBackupProcessor() {
    return onBackup;
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.EVICT;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLongArray(starts);
    out.writeLongArray(through);
    out.writeBoolean(elsewhere);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    starts = in.readLongArray();
    through = in.readLongArray();
    elsewhere = in.readBoolean();
  }
}
