package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Which blocks and days of a shard were written to since their rollups were stored. Changed under
 * the shard's lock; read by any thread without one.
 *
 * <p>A mark is made when all samples of its batch can be read, and before the batch is
 * acknowledged: who reads samples after a mark finds those of its sequence among them. Marking a
 * block that is dirty already copies and allocates nothing. What readers see is put together anew
 * by the first of them after the set of marks has changed, so an import that dirties thousands of
 * blocks pays for it once a reader asks, not once a block.
 */
final class DirtMarks {

  /** Nodes of two maps, boxes and marks, in the marks and in the snapshot of them. */
  private static final long BYTES_A_MARK = 200;

  private static final class Mark {

    private volatile long sequence;

    Mark(long sequence) {
      this.sequence = sequence;
    }

    void raise(long to) {
      if (Long.compareUnsigned(to, sequence) > 0) {
        sequence = to;
      }
    }
  }

  /** Tells copies of shards apart. */
  private static final AtomicLong COPIES = new AtomicLong();

  /** What readers were shown last, and of which version of the sets it was. */
  private record Shown(long version, RollupDirt dirt) {}

  private final ConcurrentSkipListMap<Long, Mark> blocks = new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<Long, Mark> days = new ConcurrentSkipListMap<>();
  private final long copy = COPIES.incrementAndGet();

  /** For each day how often a block of it got clean. */
  private final ConcurrentSkipListMap<Long, Long> stamps = new ConcurrentSkipListMap<>();

  /** Rises after a block or day was added or taken away, before that is acknowledged. */
  private volatile long version;

  private volatile Shown shown = new Shown(-1, RollupDirt.NONE);

  /** What {@link #touch} was told since the last marking. */
  private long[] touched = new long[16];

  private int touchedCount;

  /** Takes note of a block that a batch touches, once or more, for {@link #markTouched}. */
  void touch(long blockStartMs) {
    if (touchedCount == touched.length) {
      touched = Arrays.copyOf(touched, touchedCount * 2);
    }
    touched[touchedCount++] = blockStartMs;
  }

  /** Marks the blocks that a batch touched; to be called after its last sample. */
  void markTouched(long sequence) {
    for (int i = 0; i < touchedCount; i++) {
      mark(touched[i], sequence);
    }
    touchedCount = 0;
  }

  /** Says that a block was written to. */
  void mark(long blockStartMs, long sequence) {
    if (raise(blocks, blockStartMs, sequence)) {
      changed();
    }
  }

  /** Clears a block that has no mark after the sequence, and marks its day in any case. */
  void blockRolled(long blockStartMs, long throughSequence) {
    // The day first: a reader that does not find the block any more finds the day.
    long day = Tier.ONE_DAY.startOf(blockStartMs);
    boolean added = raise(days, day, throughSequence);
    // Before the block is clean: a reader that finds it so finds the new stamp.
    stamps.merge(day, 1L, Long::sum);
    if (clear(blocks, blockStartMs, throughSequence) || added) {
      changed();
    }
  }

  /** Clears a day that has no mark after the sequence. */
  void dayRolled(long dayStartMs, long throughSequence) {
    if (clear(days, dayStartMs, throughSequence)) {
      changed();
    }
  }

  /** Adds marks; of two of the same block or day the one with the greater sequence stays. */
  void merge(Map<Long, Long> moreBlocks, Map<Long, Long> moreDays) {
    moreBlocks.forEach((start, sequence) -> {
      boolean ignored = raise(blocks, start, sequence);
    });
    moreDays.forEach((start, sequence) -> {
      boolean ignored = raise(days, start, sequence);
    });
    changed();
  }

  private static boolean raise(ConcurrentSkipListMap<Long, Mark> marks, long start, long sequence) {
    Mark found = marks.get(start);
    if (found != null) {
      found.raise(sequence);
      return false;
    }
    marks.put(start, new Mark(sequence));
    return true;
  }

  private static boolean clear(ConcurrentSkipListMap<Long, Mark> marks, long start, long through) {
    Mark found = marks.get(start);
    if (found == null || Long.compareUnsigned(found.sequence, through) > 0) {
      return false;
    }
    marks.remove(start);
    return true;
  }

  private void changed() {
    long now = version;
    version = now + 1;
  }

  /**
   * Returns the set of marks; their sequences may be older ones. Costs nothing unless the set has
   * changed since the last call, else is linear in it.
   */
  RollupDirt snapshot() {
    // Before the marks: what is changed while they are copied makes the copy an old one.
    long now = version;
    Shown last = shown;
    if (last.version == now) {
      return last.dirt;
    }
    RollupDirt dirt = exact();
    shown = new Shown(now, dirt);
    return dirt;
  }

  /** Returns the marks with their sequences of now. Linear in them. */
  RollupDirt exact() {
    // Blocks before days, as a block's day is marked before the block is cleared.
    NavigableMap<Long, Long> blocksNow = copy(blocks);
    return new RollupDirt(blocksNow, copy(days), new RollStamps(copy, stamps));
  }

  private static NavigableMap<Long, Long> copy(ConcurrentSkipListMap<Long, Mark> marks) {
    NavigableMap<Long, Long> copied = new TreeMap<>();
    marks.forEach((start, mark) -> copied.put(start, mark.sequence));
    return copied;
  }

  long heapBytes() {
    return BYTES_A_MARK * (blocks.size() + days.size() + stamps.size());
  }

  void write(ObjectDataOutput out) throws IOException {
    write(copy(blocks), out);
    write(copy(days), out);
  }

  private static void write(Map<Long, Long> marks, ObjectDataOutput out) throws IOException {
    out.writeLongArray(marks.keySet().stream().mapToLong(Long::longValue).toArray());
    out.writeLongArray(marks.values().stream().mapToLong(Long::longValue).toArray());
  }

  /** Adds what {@link #write} wrote. */
  void read(ObjectDataInput in) throws IOException {
    Map<Long, Long> readBlocks = readMarks(in);
    merge(readBlocks, readMarks(in));
  }

  private static Map<Long, Long> readMarks(ObjectDataInput in) throws IOException {
    long[] starts = in.readLongArray();
    long[] sequences = in.readLongArray();
    Map<Long, Long> marks = new TreeMap<>();
    for (int i = 0; i < starts.length; i++) {
      marks.put(starts[i], sequences[i]);
    }
    return marks;
  }
}
