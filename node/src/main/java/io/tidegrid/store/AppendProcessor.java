package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.Birth;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.live.AppendedSamples;
import io.tidegrid.store.AppendOutcome.Status;
import java.io.IOException;
import java.io.Serial;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Appends a batch to a shard on its owner, and hands the same delta, numbered and with final ids,
 * to the backups. Refuses before anything is changed or not at all, so that owner and backups
 * cannot differ.
 */
final class AppendProcessor
    implements EntryProcessor<Integer, Shard, AppendOutcome>,
        HazelcastInstanceAware,
        IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private int number;
  private transient ShardBatch batch;
  private transient HazelcastInstance hazelcast;
  private transient AppendBackupProcessor onBackup;
  private transient AppendOutcome outcome;
  private transient ShardBatch resolved = new ShardBatch();
  private transient boolean showing;
  private transient Optional<AppendedSamples> shown = Optional.empty();

  AppendProcessor() {}

  AppendProcessor(int number, ShardBatch batch) {
    this.number = number;
    this.batch = batch;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    this.hazelcast = instance;
  }

  @Override
  public AppendOutcome process(Map.Entry<Integer, Shard> entry) {
    onBackup = null;
    outcome = append(entry);
    return outcome;
  }

  /** Tells whether it ran in this object, not in a copy elsewhere. */
  boolean hasRun() {
    return outcome != null;
  }

  /** Asks that {@link #shown} has the samples afterwards. */
  void show() {
    showing = true;
  }

  /** Returns what others may see of what was appended. */
  Optional<AppendedSamples> shown() {
    return shown;
  }

  /** Returns what came of it; after it has run. */
  AppendOutcome outcome() {
    return outcome;
  }

  /** Returns what is to be persisted of the batch; after it was appended. */
  JournalBatch journalBatch() {
    return new JournalBatch(
        resolved.size(),
        resolved.ids(),
        resolved.times(),
        resolved.values(),
        resolved.births(),
        outcome.overlapping(),
        resolved.old());
  }

  private AppendOutcome append(Map.Entry<Integer, Shard> entry) {
    LocalShards local = LocalShards.of(hazelcast);
    Shard shard = entry.getValue();
    boolean born = shard == null;
    if (born) {
      shard = local.create();
      entry.setValue(shard);
    }
    local.see(number, shard);
    shard.sequenceBy(local.member(), local.nowSeconds());
    if (born) {
      // Also when the batch is refused: a backup that hears of the shard later only cannot know
      // what it holds.
      onBackup = AppendBackupProcessor.birth(shard, local.member());
    }
    if (local.gate().isFull()) {
      return new AppendOutcome(Status.BACKLOG_FULL, shard.epoch(), 0, false, new long[0]);
    }
    if ((batch.epoch() != 0 && batch.epoch() != shard.epoch()) || !shard.knows(batch)) {
      return new AppendOutcome(Status.OTHER_EPOCH, shard.epoch(), 0, false, new long[0]);
    }
    long[] birthIds = shard.enter(batch.births());
    resolved = resolve(birthIds);
    int counter = shard.counter() + 1;
    boolean overlapping;
    if (showing) {
      Shard.Shown applied =
          shard.applyAndShow(number, shard.epoch(), counter, local.member(), resolved);
      overlapping = applied.overlapping();
      shown = Optional.of(applied.samples());
    } else {
      overlapping = shard.apply(shard.epoch(), counter, local.member(), resolved);
    }
    onBackup = AppendBackupProcessor.of(shard, counter, local.member(), born, resolved);
    return new AppendOutcome(Status.APPENDED, shard.epoch(), counter, overlapping, birthIds);
  }

  private ShardBatch resolve(long[] birthIds) {
    List<Birth> births = new ArrayList<>(birthIds.length);
    for (int i = 0; i < birthIds.length; i++) {
      Birth birth = batch.births().get(i);
      births.add(new Birth(birthIds[i], birth.tenant(), birth.labels()));
    }
    return batch.resolved(batch.resolvedIds(birthIds), births);
  }

  @Override
  public EntryProcessor<Integer, Shard, AppendOutcome> getBackupProcessor() {
    return onBackup;
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.APPEND;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(number);
    batch.writeData(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    number = in.readInt();
    batch = new ShardBatch();
    batch.readData(in);
  }
}
