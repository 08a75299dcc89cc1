package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.Birth;
import io.tidegrid.live.AppendedSamples;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Everything memory holds of one shard: the directory of its series and its blocks, the sequence of
 * its writes, and from when on it is whole.
 *
 * <p>Written on the partition's thread, under the shard's lock, so that its replication (which may
 * run elsewhere) sees whole writes; read by any thread without a lock. Owner and backups apply the
 * same deltas; applying one twice changes nothing.
 */
final class Shard implements IdentifiedDataSerializable {

  private static final UUID NOBODY = new UUID(0, 0);

  private final SeriesDirectory directory = new SeriesDirectory();
  private final SeriesChunks.Scratch scratch = new SeriesChunks.Scratch();
  private final SealedBlock.Lookup lookup = new SealedBlock.Lookup();
  private final DirtMarks dirt = new DirtMarks();
  private final BlockList blocks = new BlockList();
  private volatile long wholeFromMs;
  private volatile boolean directoryWhole;
  private volatile boolean samplesRestored;

  /**
   * The latest of the samples that memory did not keep; whatever is restored, it is not among it.
   */
  private volatile long passedThroughMs = Long.MIN_VALUE;

  /** The end of the latest block that memory gave up while the database had it. */
  private volatile long evictedToMs = Long.MIN_VALUE;

  /** The numbers of a batch's series, for the shard's thread to use again and again. */
  private int[] refs = {};

  /** Whether rollups of the shard are stored; without a database there are none. */
  private boolean rolledUp;

  /** A bit for each sample of a batch that changed nothing; empty when nobody wants to know. */
  private long[] unchanged = {};

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
    // Whole since ever: there is no database.
    this.rolledUp = wholeFromMs != Long.MIN_VALUE;
  }

  SeriesDirectory directory() {
    return directory;
  }

  Block[] blocks() {
    return blocks.all();
  }

  long wholeFromMs() {
    long passed = passedThroughMs;
    long whole = Math.max(wholeFromMs, evictedToMs);
    return passed == Long.MIN_VALUE ? whole : Math.max(whole, passed + 1);
  }

  /** Returns from when on the shard was whole, but for what memory did not keep or gave up. */
  long restoredFromMs() {
    return wholeFromMs;
  }

  boolean isRestored() {
    return directoryWhole && samplesRestored;
  }

  boolean directoryWhole() {
    return directoryWhole;
  }

  /** Returns what is dirty; of a block that is dirty already an older sequence may be told. */
  RollupDirt dirt() {
    return dirt.snapshot();
  }

  /** Returns what is dirty with the sequences of now. */
  RollupDirt exactDirt() {
    return dirt.exact();
  }

  /** Takes note that the figures of a block are stored, with all batches up to a sequence. */
  synchronized void blockRolled(long startMs, long throughSequence) {
    if (rolledUp) {
      dirt.blockRolled(startMs, throughSequence);
    }
  }

  /** Takes note that the figures of a day are stored. */
  synchronized void dayRolled(long startMs, long throughSequence) {
    dirt.dayRolled(startMs, throughSequence);
  }

  /** Adds what the database has marked. */
  synchronized void restoreDirt(RollupDirt marks) {
    if (rolledUp) {
      dirt.merge(marks.blocks(), marks.days());
    }
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
    // Of old samples memory takes those of blocks that it still has: there its word counts.
    boolean overlapping = insert(batch, false, !batch.old(), sequence()) || batch.old();
    // After all its samples: who sees the marks must find them.
    dirt.markTouched(sequence());
    return overlapping;
  }

  /** Does what {@link #apply} does and returns what others may want to see of it. */
  synchronized Shown applyAndShow(
      int number, int batchEpoch, int batchCounter, UUID by, ShardBatch batch) {
    long[] noted = new long[(batch.size() + 63) / 64];
    unchanged = noted;
    try {
      boolean overlapping = apply(batchEpoch, batchCounter, by, batch);
      int[] numbers = new int[batch.size()];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = directory.ref(batch.ids()[i]);
      }
      return new Shown(
          overlapping,
          new AppendedSamples(
              number,
              sequence(),
              directory,
              numbers.length,
              numbers,
              batch.times(),
              batch.values(),
              noted));
    } finally {
      unchanged = new long[0];
    }
  }

  /** What came of a batch, and its samples for those who watch. */
  record Shown(boolean overlapping, AppendedSamples samples) {}

  /**
   * Enters samples that the database had; what is in memory already is newer, and what memory gave
   * up does not come back.
   */
  synchronized void restore(ShardBatch batch) {
    boolean ignored = insert(batch, true, true, 0);
  }

  /**
   * Returns the sequence through which all that memory keeps can be read: of the last batch, its
   * epoch shifted left by 32 bits, plus its number.
   */
  synchronized long throughSequence() {
    return sequence();
  }

  private long sequence() {
    return (long) epoch << 32 | (counter & 0xFFFFFFFFL);
  }

  /**
   * Puts samples into their blocks.
   *
   * @param keep whether a sample that is there already stays, whatever its value
   * @param create whether to make the blocks there are not; else their samples pass memory by, and
   *     up to their times it is not whole
   */
  private boolean insert(ShardBatch batch, boolean keep, boolean create, long sequence) {
    int size = batch.size();
    long[] ids = batch.ids();
    long[] times = batch.times();
    double[] values = batch.values();
    long whole = wholeFromMs();
    long keepFrom = keep ? evictedToMs : Long.MIN_VALUE;
    boolean overlapping = false;
    if (refs.length < size) {
      refs = new int[size];
    }
    for (int i = 0; i < size; i++) {
      refs[i] = directory.ref(ids[i]);
    }
    Block block = null;
    OpenBlock open = null;
    long blockStart = Long.MAX_VALUE;
    long added = 0;
    long passed = Long.MIN_VALUE;
    for (int i = 0; i < size; i++) {
      long time = times[i];
      int ref = refs[i];
      if (ref == LongIntTable.ABSENT || time < keepFrom) {
        continue;
      }
      if (time < blockStart || time >= blockStart + BlockSpan.LENGTH_MS) {
        if (block != null) {
          written(block, sequence, added);
          added = 0;
        }
        blockStart = BlockSpan.startOf(time);
        block =
            create ? blocks.findOrCreate(blockStart, directory.size()) : blocks.find(blockStart);
        if (block != null) {
          open = block.appendOnly();
        } else {
          touch(blockStart, sequence);
        }
      }
      if (block == null) {
        passed = Math.max(passed, time);
        continue;
      }
      SeriesChunks.Outcome outcome =
          open != null
              ? open.append(ref, time, values[i], keep, scratch)
              : block.append(ref, time, values[i], keep, scratch, lookup);
      if (outcome == SeriesChunks.Outcome.ADDED) {
        added++;
        overlapping |= time < whole;
      } else {
        overlapping = true;
        if (outcome == SeriesChunks.Outcome.HELD && unchanged.length > 0) {
          unchanged[i >> 6] |= 1L << i;
        }
      }
    }
    if (block != null) {
      written(block, sequence, added);
    }
    passedThroughMs = Math.max(passedThroughMs, passed);
    lookup.release();
    return overlapping;
  }

  /** Takes note of a block that a batch touches. What is restored was marked when written. */
  private void touch(long blockStartMs, long sequence) {
    if (rolledUp && sequence != 0) {
      dirt.touch(blockStartMs);
    }
  }

  private void written(Block block, long sequence, long added) {
    if (block.lastSequence() != sequence) {
      touch(block.startMs(), sequence);
    }
    block.written(sequence, added);
  }

  /** Puts a block behind those there are. */
  synchronized void put(Block block) {
    blocks.append(block);
  }

  /**
   * Seals a block, beside the writers; the shard is locked for moments only. Tells whether it did:
   * not when another is at it, when the block was evicted meanwhile, or when too much was written.
   */
  boolean seal(Block block) {
    Block.State before;
    synchronized (this) {
      before = blocks.holds(block) ? block.beginSeal() : null;
    }
    if (before == null) {
      return false;
    }
    SealedBlock sealed = null;
    try {
      sealed = Block.seal(block.startMs(), before);
    } finally {
      if (sealed == null) {
        synchronized (this) {
          block.abortSeal();
        }
      }
    }
    synchronized (this) {
      boolean done = block.endSeal(sealed, scratch, lookup);
      lookup.release();
      return done && blocks.holds(block);
    }
  }

  /**
   * Gives up blocks.
   *
   * @param starts which, by their starts
   * @param through leaves out a block that has a batch after this sequence; one for each start
   * @param elsewhere whether the database has what is given up
   * @return the starts of the blocks that were there and went
   */
  synchronized long[] evict(long[] starts, long[] through, boolean elsewhere) {
    return blocks.remove(
        starts,
        through,
        block -> {
          if (elsewhere) {
            // Before the block goes, so that no reader takes its absence for nothing being there.
            evictedToMs = Math.max(evictedToMs, block.endMs());
          }
        });
  }

  /** A sealed block that is whole, and the sequence through which it has everything. */
  record Whole(SealedBlock block, long throughSequence) {}

  /** Returns a block if it is sealed, without overlay, and whole. */
  synchronized Optional<Whole> whole(long startMs) {
    for (Block block : blocks.all()) {
      Block.State state = block.state();
      if (block.startMs() == startMs
          && state.sealed() != null
          && state.open() == null
          && startMs >= wholeFromMs()) {
        return Optional.of(new Whole(state.sealed(), sequence()));
      }
    }
    return Optional.empty();
  }

  /**
   * What memory has of a block.
   *
   * @param state empty when that is nothing
   * @param whole whether it is everything there is
   * @param throughSequence the sequence through which it has everything that memory keeps
   */
  record Content(Optional<Block.State> state, boolean whole, long throughSequence) {}

  /** Returns what there is of a block, at one moment between two batches. */
  synchronized Content content(long startMs) {
    Block block = blocks.find(startMs);
    Optional<Block.State> state = block == null ? Optional.empty() : Optional.of(block.state());
    return new Content(state, startMs >= wholeFromMs(), sequence());
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
    size.bytes += directory.heapBytes() + dirt.heapBytes();
    for (Block block : blocks.all()) {
      Block.State state = block.state();
      size.samples += block.samples();
      size.bytes += block.heapBytes();
      size.openBlocks += state.sealed() == null ? 1 : 0;
      if (state.sealed() != null) {
        size.sealedBlocks++;
        size.sealedSamples += state.sealed().samples();
      }
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
    out.writeLong(evictedToMs);
    out.writeInt(epoch);
    out.writeInt(counter);
    out.writeLong(sequencer.getMostSignificantBits());
    out.writeLong(sequencer.getLeastSignificantBits());
    out.writeBoolean(rolledUp);
    dirt.write(out);
    ShardBatch.writeBirths(out, directory.births());
    Block[] now = blocks.all();
    out.writeInt(now.length);
    for (Block block : now) {
      block.write(out);
    }
  }

  @Override
  public synchronized void readData(ObjectDataInput in) throws IOException {
    wholeFromMs = in.readLong();
    directoryWhole = in.readBoolean();
    samplesRestored = in.readBoolean();
    passedThroughMs = in.readLong();
    evictedToMs = in.readLong();
    epoch = in.readInt();
    counter = in.readInt();
    sequencer = new UUID(in.readLong(), in.readLong());
    rolledUp = in.readBoolean();
    dirt.read(in);
    // Entered in the order of their numbers, so that the blocks' numbers hold here too.
    enter(ShardBatch.readBirths(in));
    Block[] read = new Block[in.readInt()];
    for (int i = 0; i < read.length; i++) {
      read[i] = Block.read(in, directory.size());
    }
    blocks.set(read);
  }
}
