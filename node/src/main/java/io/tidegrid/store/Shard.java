package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.Birth;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * Everything memory holds of one shard: the directory of its series and its open blocks, the
 * sequence of its writes, and from when on it is whole.
 *
 * <p>Written on the partition's thread, under the shard's lock, so that its replication (which may
 * run elsewhere) sees whole writes; read by any thread without a lock. Owner and backups apply the
 * same deltas; applying one twice changes nothing.
 */
final class Shard implements IdentifiedDataSerializable {

  private static final OpenBlock[] NO_BLOCKS = {};
  private static final UUID NOBODY = new UUID(0, 0);

  private final SeriesDirectory directory = new SeriesDirectory();
  private final SeriesChunks.Scratch scratch = new SeriesChunks.Scratch();
  private volatile OpenBlock[] blocks = NO_BLOCKS;
  private volatile long wholeFromMs;
  private volatile boolean directoryWhole;
  private volatile boolean samplesRestored;

  /**
   * The latest of the samples that memory did not keep; whatever is restored, it is not among it.
   */
  private volatile long passedThroughMs = Long.MIN_VALUE;

  /** The numbers of a batch's series, for the shard's thread to use again and again. */
  private int[] refs = {};

  private int epoch;
  private int counter;
  private UUID sequencer = NOBODY;

  /** For deserialization, and for backups that missed the creation: holds nothing whole. */
  Shard() {
    this(Long.MAX_VALUE, false);
  }

  /**
   * @param wholeFromMs from when on no sample can be elsewhere than here
   * @param directoryWhole whether no series can be known elsewhere only
   */
  Shard(long wholeFromMs, boolean directoryWhole) {
    this.wholeFromMs = wholeFromMs;
    this.directoryWhole = directoryWhole;
    this.samplesRestored = directoryWhole;
  }

  SeriesDirectory directory() {
    return directory;
  }

  OpenBlock[] blocks() {
    return blocks;
  }

  long wholeFromMs() {
    long passed = passedThroughMs;
    return passed == Long.MIN_VALUE ? wholeFromMs : Math.max(wholeFromMs, passed + 1);
  }

  /** Returns from when on the shard was whole, but for samples that memory did not keep. */
  long restoredFromMs() {
    return wholeFromMs;
  }

  boolean isRestored() {
    return directoryWhole && samplesRestored;
  }

  boolean directoryWhole() {
    return directoryWhole;
  }

  int epoch() {
    return epoch;
  }

  int counter() {
    return counter;
  }

  UUID sequencer() {
    return sequencer;
  }

  /**
   * Begins a new epoch when another member numbered the writes so far: what that member numbered
   * last may not have arrived here, and its numbers must not be given to other samples.
   */
  synchronized void sequenceBy(UUID member, int nowSeconds) {
    if (!sequencer.equals(member)) {
      epoch = Math.max(nowSeconds, epoch + 1);
      counter = 0;
      sequencer = member;
    }
  }

  /** Tells whether every sample without a birth names a series of the directory. */
  boolean knows(ShardBatch batch) {
    long[] ids = batch.ids();
    int size = batch.size();
    if (refs.length < size) {
      refs = new int[size];
    }
    for (int i = 0; i < size; i++) {
      refs[i] = directory.ref(ids[i]);
      if (refs[i] == LongIntTable.ABSENT && batch.birthOf(i) < 0) {
        return false;
      }
    }
    return true;
  }

  /** Enters the series of a batch that come with labels, and returns their ids. */
  synchronized long[] enter(List<Birth> births) {
    long[] ids = new long[births.size()];
    for (int i = 0; i < ids.length; i++) {
      Birth birth = births.get(i);
      int ref = directory.enter(birth.id(), birth.tenant(), birth.labels());
      ids[i] = directory.entry(ref).id();
    }
    return ids;
  }

  /**
   * Applies a batch whose ids are all in the directory and returns whether it overlaps: whether the
   * database may have a sample of one of its (series, time).
   */
  synchronized boolean apply(int batchEpoch, int batchCounter, UUID by, ShardBatch batch) {
    epoch = batchEpoch;
    counter = batchCounter;
    sequencer = by;
    return batch.old() ? pass(batch) : insert(batch, false);
  }

  /** Enters samples that the database had; what is in memory already is newer. */
  synchronized void restore(ShardBatch batch) {
    insert(batch, true);
  }

  /** Takes note of samples that memory does not keep: up to their times it is not whole. */
  private boolean pass(ShardBatch batch) {
    long latest = Long.MIN_VALUE;
    for (int i = 0; i < batch.size(); i++) {
      latest = Math.max(latest, batch.times()[i]);
    }
    passedThroughMs = Math.max(passedThroughMs, latest);
    return true;
  }

  private boolean insert(ShardBatch batch, boolean keep) {
    int size = batch.size();
    long[] ids = batch.ids();
    long[] times = batch.times();
    double[] values = batch.values();
    long whole = wholeFromMs();
    boolean overlapping = false;
    if (refs.length < size) {
      refs = new int[size];
    }
    for (int i = 0; i < size; i++) {
      refs[i] = directory.ref(ids[i]);
    }
    OpenBlock block = null;
    long blockStart = 0;
    for (int i = 0; i < size; i++) {
      long time = times[i];
      if (block == null || time < blockStart || time >= blockStart + BlockSpan.LENGTH_MS) {
        block = block(BlockSpan.startOf(time));
        blockStart = block.startMs();
      }
      int ref = refs[i];
      if (ref == LongIntTable.ABSENT) {
        continue;
      }
      SeriesChunks.Outcome outcome = block.append(ref, time, values[i], keep, scratch);
      overlapping |= outcome != SeriesChunks.Outcome.ADDED || time < whole;
    }
    return overlapping;
  }

  private OpenBlock block(long startMs) {
    OpenBlock[] now = blocks;
    int at = now.length;
    while (at > 0 && now[at - 1].startMs() >= startMs) {
      at--;
      if (now[at].startMs() == startMs) {
        return now[at];
      }
    }
    OpenBlock[] more = new OpenBlock[now.length + 1];
    System.arraycopy(now, 0, more, 0, at);
    more[at] = new OpenBlock(startMs, directory.size());
    System.arraycopy(now, at, more, at + 1, now.length - at);
    blocks = more;
    return more[at];
  }

  /** Drops the blocks that end at or before the given time. */
  synchronized void dropBefore(long timeMs) {
    OpenBlock[] now = blocks;
    int gone = 0;
    while (gone < now.length && now[gone].startMs() + BlockSpan.LENGTH_MS <= timeMs) {
      gone++;
    }
    if (gone > 0) {
      blocks = Arrays.copyOfRange(now, gone, now.length);
    }
  }

  synchronized void directoryRestored() {
    directoryWhole = true;
  }

  synchronized void restoredFrom(long fromMs) {
    wholeFromMs = Math.min(wholeFromMs, fromMs);
    samplesRestored = true;
  }

  void addTo(ShardSize size) {
    size.series += directory.size();
    size.bytes += directory.heapBytes();
    for (OpenBlock block : blocks) {
      block.addTo(size);
    }
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.SHARD;
  }

  @Override
  public synchronized void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(wholeFromMs);
    out.writeBoolean(directoryWhole);
    out.writeBoolean(samplesRestored);
    out.writeLong(passedThroughMs);
    out.writeInt(epoch);
    out.writeInt(counter);
    out.writeLong(sequencer.getMostSignificantBits());
    out.writeLong(sequencer.getLeastSignificantBits());
    ShardBatch.writeBirths(out, directory.births());
    OpenBlock[] now = blocks;
    out.writeInt(now.length);
    for (OpenBlock block : now) {
      block.write(out);
    }
  }

  @Override
  public synchronized void readData(ObjectDataInput in) throws IOException {
    wholeFromMs = in.readLong();
    directoryWhole = in.readBoolean();
    samplesRestored = in.readBoolean();
    passedThroughMs = in.readLong();
    epoch = in.readInt();
    counter = in.readInt();
    sequencer = new UUID(in.readLong(), in.readLong());
    // Entered in the order of their numbers, so that the blocks' numbers hold here too.
    enter(ShardBatch.readBirths(in));
    OpenBlock[] read = new OpenBlock[in.readInt()];
    for (int i = 0; i < read.length; i++) {
      read[i] = OpenBlock.read(in, directory.size());
    }
    blocks = read;
  }
}
