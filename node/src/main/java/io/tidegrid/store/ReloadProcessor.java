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

/**
 * A step of taking a block back into memory, on the owner of its shard and then on the backups. A
 * copy that missed a step refuses those that come after, so that it never takes for whole what is
 * not. The owner's answer is {@link #REFUSED}, or at the beginning the sequence of the last batch
 * before, else 0. Repeating a step changes nothing.
 */
final class ReloadProcessor
    implements EntryProcessor<Integer, Shard, Long>,
        HazelcastInstanceAware,
        IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  static final long REFUSED = -1;

  private enum Step {
    BEGIN(0),
    PART(1),
    END(2),
    DROP(3);

    private final int wireId;

    Step(int wireId) {
      this.wireId = wireId;
    }

    private static Step of(int wireId) throws IOException {
      for (Step step : values()) {
        if (step.wireId == wireId) {
          return step;
        }
      }
      throw new IOException("no step of a reload has the id " + wireId);
    }
  }

  private Step step = Step.BEGIN;
  private boolean backup;
  private long startMs;
  private long token;
  private long through;
  private int part;
  private transient ShardBatch batch = new ShardBatch();
  private transient HazelcastInstance hazelcast;
  private transient ReloadProcessor onBackup;

  ReloadProcessor() {}

  private ReloadProcessor(
      Step step, long startMs, long token, long through, int part, ShardBatch batch) {
    this.step = step;
    this.startMs = startMs;
    this.token = token;
    this.through = through;
    this.part = part;
    this.batch = batch;
  }

  /**
   * @param through refuses when memory has something of the block after this sequence
   */
  static ReloadProcessor begin(long startMs, long token, long through) {
    return new ReloadProcessor(Step.BEGIN, startMs, token, through, 0, new ShardBatch());
  }

  /**
   * @param part the number of the part, from 0
   * @param batch samples of the block and of series that the shard knows
   */
  static ReloadProcessor part(long startMs, long token, int part, ShardBatch batch) {
    return new ReloadProcessor(Step.PART, startMs, token, 0, part, batch);
  }

  /**
   * @param parts how many there were
   */
  static ReloadProcessor end(long startMs, long token, int parts) {
    return new ReloadProcessor(Step.END, startMs, token, 0, parts, new ShardBatch());
  }

  /**
   * @param through refuses when the block has a batch after this sequence
   */
  static ReloadProcessor drop(long startMs, long token, long through) {
    return new ReloadProcessor(Step.DROP, startMs, token, through, 0, new ShardBatch());
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    this.hazelcast = instance;
  }

  @Override
  public Long process(Map.Entry<Integer, Shard> entry) {
    onBackup = null;
    Shard shard = entry.getValue();
    if (shard == null) {
      return REFUSED;
    }
    long result =
        switch (step) {
          case BEGIN -> begin(shard);
          case PART -> shard.reload(startMs, token, part, batch) ? 0 : REFUSED;
          case END -> shard.endReload(startMs, token, part) ? 0 : REFUSED;
          case DROP -> shard.dropReload(startMs, token, through) ? 0 : REFUSED;
        };
    if (!backup && result != REFUSED) {
      onBackup = new ReloadProcessor(step, startMs, token, BlockEvictor.ANY_SEQUENCE, part, batch);
      onBackup.backup = true;
    }
    return result;
  }

  private long begin(Shard shard) {
    if (backup) {
      // A copy that missed how an earlier reload ended.
      var ignored = shard.evict(new long[] {startMs}, new long[] {through}, true);
      return shard.beginReload(startMs, token, through).orElse(REFUSED);
    }
    LocalShards local = LocalShards.of(hazelcast);
    // What an earlier owner numbered, and what an earlier life of the shard left in the journal,
    // comes before.
    shard.sequenceBy(local.member(), local.nowSeconds());
    return shard.beginReload(startMs, token, through).orElse(REFUSED);
  }

  @Override
  public EntryProcessor<Integer, Shard, Long> getBackupProcessor() {
    return onBackup;
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.RELOAD;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeByte(step.wireId);
    out.writeBoolean(backup);
    out.writeLong(startMs);
    out.writeLong(token);
    out.writeLong(through);
    out.writeInt(part);
    batch.writeData(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    step = Step.of(in.readByte());
    backup = in.readBoolean();
    startMs = in.readLong();
    token = in.readLong();
    through = in.readLong();
    part = in.readInt();
    batch = new ShardBatch();
    batch.readData(in);
  }
}
