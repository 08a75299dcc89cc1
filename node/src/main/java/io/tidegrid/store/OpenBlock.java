package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.store.SeriesChunks.Outcome;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The samples of a shard's series whose times fall into one span of {@link BlockSpan#LENGTH_MS},
 * aligned to 1970. Written by the shard's thread; read by any.
 *
 * <p>What an in-order append needs to know of a series lies in small arrays by its number, so that
 * it waits for no memory but these.
 */
final class OpenBlock {

  private static final VarHandle CHUNKS = MethodHandles.arrayElementVarHandle(SeriesChunks[].class);
  private static final VarHandle TAILS = MethodHandles.arrayElementVarHandle(long[][].class);

  /** Last offset, tail size, and two references. */
  private static final long BYTES_A_SERIES = 16;

  private final long startMs;

  /** Only the shard's thread uses these two. */
  private int[] lastOffsets;

  private int[] tailSizes;

  private volatile long[][] tails;
  private volatile SeriesChunks[] chunks;
  private volatile long heapBytes;

  OpenBlock(long startMs, int series) {
    int room = Math.max(series, 16);
    this.startMs = startMs;
    this.lastOffsets = new int[room];
    Arrays.fill(lastOffsets, -1);
    this.tailSizes = new int[room];
    this.tails = new long[room][];
    this.chunks = new SeriesChunks[room];
    this.heapBytes = 128 + BYTES_A_SERIES * room;
  }

  private void takes(long moreBytes) {
    long now = heapBytes;
    heapBytes = now + moreBytes;
  }

  long startMs() {
    return startMs;
  }

  /**
   * Adds a sample of this block.
   *
   * @param keep whether a sample that is there already stays, whatever its value
   */
  Outcome append(int ref, long time, double value, boolean keep, SeriesChunks.Scratch scratch) {
    if (ref >= lastOffsets.length) {
      grow(ref);
    }
    int offset = (int) (time - startMs);
    if (offset <= lastOffsets[ref]) {
      return appendLate(ref, offset, value, keep, scratch);
    }
    int n = tailSizes[ref];
    long[] tail = tails[ref];
    if (tail == null || n == Tail.capacity(tail)) {
      tail = makeRoom(ref, tail, n, scratch);
      n = tailSizes[ref];
    }
    Tail.add(tail, n, offset, value);
    tailSizes[ref] = n + 1;
    lastOffsets[ref] = offset;
    return Outcome.ADDED;
  }

  private void grow(int ref) {
    int room = Math.max(ref + 1, lastOffsets.length * 2);
    int before = lastOffsets.length;
    lastOffsets = Arrays.copyOf(lastOffsets, room);
    Arrays.fill(lastOffsets, before, room, -1);
    tailSizes = Arrays.copyOf(tailSizes, room);
    // Readers bound themselves by the tails, so the chunks grow first.
    chunks = Arrays.copyOf(chunks, room);
    tails = Arrays.copyOf(tails, room);
    takes(BYTES_A_SERIES * (room - before));
  }

  private long[] makeRoom(int ref, long[] tail, int n, SeriesChunks.Scratch scratch) {
    if (n < Tail.MAX_SAMPLES) {
      long[] grown = Tail.grow(tail == null ? Tail.EMPTY : tail);
      if (tail == null) {
        CHUNKS.setRelease(chunks, ref, new SeriesChunks(startMs));
      }
      TAILS.setRelease(tails, ref, grown);
      takes(
          tail == null
              ? SeriesChunks.EMPTY_BYTES + tailBytes(grown)
              : tailBytes(grown) - tailBytes(tail));
      return grown;
    }
    takes(chunks[ref].encode(tail, scratch));
    // A series that filled one tail will fill the next.
    return emptyTail(ref, Tail.MAX_SAMPLES);
  }

  private long[] emptyTail(int ref, int capacity) {
    long[] tail = Tail.create(capacity);
    TAILS.setRelease(tails, ref, tail);
    tailSizes[ref] = 0;
    return tail;
  }

  private Outcome appendLate(
      int ref, int offset, double value, boolean keep, SeriesChunks.Scratch scratch) {
    SeriesChunks series = chunks[ref];
    long before = series.heapBytes() + tailBytes(tails[ref]);
    Outcome outcome = series.appendLate(tails[ref], offset, value, keep, scratch);
    if (series.isLateFull() && series.mergeLate(tails[ref])) {
      long[] ignored = emptyTail(ref, Tail.MAX_SAMPLES);
    }
    takes(series.heapBytes() + tailBytes(tails[ref]) - before);
    return outcome;
  }

  /** One series of the block, taken at one moment. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Part(SeriesChunks chunks, long[] tail) {

    int copy(long fromMs, long toMs, SampleBuffer into) {
      return chunks.copy(tail, fromMs, toMs, into);
    }

    boolean copyLatest(long toMs, SampleBuffer into) {
      return chunks.copyLatest(tail, toMs, into);
    }

    int count() {
      return chunks.count(tail);
    }

    long firstTime() {
      return chunks.firstTime(tail);
    }

    long lastTime() {
      return chunks.lastTime(tail);
    }
  }

  /** Returns what a series has here, or null when it has nothing. */
  Part find(int ref) {
    long[][] all = tails;
    if (ref >= all.length) {
      return null;
    }
    long[] tail = (long[]) TAILS.getAcquire(all, ref);
    return tail == null ? null : new Part((SeriesChunks) CHUNKS.getAcquire(chunks, ref), tail);
  }

  void write(ObjectDataOutput out) throws IOException {
    int room = tails.length;
    int count = 0;
    for (int ref = 0; ref < room; ref++) {
      count += find(ref) == null ? 0 : 1;
    }
    out.writeLong(startMs);
    out.writeInt(count);
    for (int ref = 0; ref < room; ref++) {
      Part part = find(ref);
      if (part != null) {
        out.writeInt(ref);
        out.writeInt(lastOffsets[ref]);
        out.writeLongArray(Arrays.copyOf(part.tail, 1 + 2 * Tail.size(part.tail)));
        part.chunks.write(out);
      }
    }
  }

  static OpenBlock read(ObjectDataInput in, int series) throws IOException {
    OpenBlock block = new OpenBlock(in.readLong(), series);
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      int ref = in.readInt();
      if (ref >= block.lastOffsets.length) {
        block.grow(ref);
      }
      block.lastOffsets[ref] = in.readInt();
      long[] tail = in.readLongArray();
      block.tailSizes[ref] = Tail.size(tail);
      SeriesChunks chunks = SeriesChunks.read(block.startMs, in);
      block.takes(tailBytes(tail) + chunks.heapBytes());
      CHUNKS.setRelease(block.chunks, ref, chunks);
      TAILS.setRelease(block.tails, ref, tail);
    }
    return block;
  }

  private static long tailBytes(long[] tail) {
    return 16 + 8L * tail.length;
  }

  /** Returns about how much heap the block takes. */
  long heapBytes() {
    return heapBytes;
  }

  /** Returns a number that is greater than that of any series here. */
  int room() {
    return tails.length;
  }
}
