package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.Birth;
import io.tidegrid.live.AppendedSamples;
import io.tidegrid.store.ReloadedBlocks.ReloadedBlock;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
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
  private final Wholeness wholeness;

  /** Tells this shard from one that was there before, or comes after, everything was lost. */
  private long incarnation;

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

  /** A shard whose incarnation nobody asks for. */
  Shard(long wholeFromMs, boolean directoryWhole) {
    this(wholeFromMs, directoryWhole, 0);
  }

  /**
   * @param wholeFromMs from when on no sample can be elsewhere than here
   * @param directoryWhole whether no series can be known elsewhere only
   * @param incarnation a number that no other life of the shard has; 0 for none
   */
  Shard(long wholeFromMs, boolean directoryWhole, long incarnation) {
    this.wholeness = new Wholeness(wholeFromMs, directoryWhole);
    this.incarnation = incarnation;
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
    return wholeness.wholeFromMs();
  }

  /** Returns from when on the shard was whole, but for what memory did not keep or gave up. */
  long restoredFromMs() {
    return wholeness.restoredFromMs();
  }

  boolean isRestored() {
    return wholeness.isRestored();
  }

  boolean directoryWhole() {
    return wholeness.directoryWhole();
  }

  Coverage coverage() {
    return wholeness.coverage();
  }

  ReloadedBlocks reloaded() {
    return wholeness.reloaded();
  }

  long incarnation() {
    return incarnation;
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
    boolean overlapping =
        insert(batch, false, !batch.old(), sequence(), Long.MIN_VALUE) || batch.old();
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
    boolean ignored = insert(batch, true, true, 0, wholeness.evictedToMs());
  }

  /**
   * Begins to take back a block of which memory is not whole. Whatever is written to it from now on
   * is in memory, too. What memory has of it is dropped, as the database has that.
   *
   * @param through refuses when the block in memory has a batch after this sequence
   * @return the sequence of the last batch before, or empty when it refuses: the block is whole or
   *     on its way, or the shard lacks something itself
   */
  synchronized OptionalLong beginReload(long startMs, long token, long through) {
    if (!isRestored() || startMs >= wholeFromMs() || reloaded().holds(startMs)) {
      return OptionalLong.empty();
    }
    long[] starts = {startMs};
    if (blocks.find(startMs) != null && evict(starts, new long[] {through}, true).length == 0) {
      return OptionalLong.empty();
    }
    // Of a block that is whole from its midst on, the rest would seem to be in the new one.
    wholeness.leaves(startMs, true);
    wholeness.put(new ReloadedBlock(startMs, token, 0, false));
    Block ignored = blocks.findOrCreate(startMs, directory.size());
    return OptionalLong.of(sequence());
  }

  /**
   * Takes a part of a block that is being taken back. Samples that are there are newer and stay.
   * Tells whether it did, or had it before: not when the reload is not under way (any more), when a
   * part before this one is missing, or when a series is not known here.
   */
  synchronized boolean reload(long startMs, long token, int part, ShardBatch batch) {
    ReloadedBlock block = reloading(startMs, token);
    if (block == null || part > block.parts() || !knows(batch)) {
      return false;
    }
    if (part == block.parts()) {
      boolean ignored = insert(batch, true, false, 0, Long.MIN_VALUE);
      wholeness.put(new ReloadedBlock(startMs, token, part + 1, false));
    }
    return true;
  }

  /** Makes a block that has all its parts a whole one, and tells whether it is. */
  synchronized boolean endReload(long startMs, long token, int parts) {
    ReloadedBlock block = reloading(startMs, token);
    if (block == null || block.parts() != parts) {
      return false;
    }
    wholeness.put(new ReloadedBlock(startMs, token, parts, true));
    return true;
  }

  private ReloadedBlock reloading(long startMs, long token) {
    return reloaded()
        .find(startMs)
        .filter(block -> block.token() == token && !block.whole())
        .orElse(null);
  }

  /**
   * Gives up a block that was or is being taken back, and tells whether it did.
   *
   * @param through leaves it if it has a batch after this sequence
   */
  synchronized boolean dropReload(long startMs, long token, long through) {
    return reloaded().find(startMs).filter(block -> block.token() == token).isPresent()
        && evict(new long[] {startMs}, new long[] {through}, true).length > 0;
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
   * @param fromMs leaves out what is earlier
   */
  private boolean insert(
      ShardBatch batch, boolean keep, boolean create, long sequence, long fromMs) {
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
    Block block = null;
    OpenBlock open = null;
    long blockStart = Long.MAX_VALUE;
    long added = 0;
    long passed = Long.MIN_VALUE;
    for (int i = 0; i < size; i++) {
      long time = times[i];
      int ref = refs[i];
      if (ref == LongIntTable.ABSENT || time < fromMs) {
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
    wholeness.passed(passed);
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
    return blocks.remove(starts, through, block -> wholeness.leaves(block.startMs(), elsewhere));
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
    wholeness.directoryRestored();
  }

  synchronized void restoredFrom(long fromMs) {
    wholeness.restoredFrom(fromMs);
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
    out.writeLong(incarnation);
    wholeness.write(out);
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
    incarnation = in.readLong();
    wholeness.read(in);
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
