package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.codec.ChunkCodec;
import java.io.IOException;
import java.util.Arrays;

/**
 * What one series has in one block beside its {@linkplain Tail tail}: encoded chunks in order, and
 * a small sorted set of late samples that is merged into the chunks when it is full. Written by the
 * shard's thread under the shard's lock; read by any thread without one.
 *
 * <p>A reader takes the tail first and the parts second, the writer publishes them the other way
 * round. So a reader may find the samples of its tail in the chunks as well, and then leaves the
 * tail's out, but it never misses any. Where a late sample has the time of another, the late one
 * counts.
 */
final class SeriesChunks {

  /** What the object takes without any sample. */
  static final long EMPTY_BYTES = 48;

  /** An array's header, rounding, and the reference to it. */
  private static final long CHUNK_OVERHEAD = 24;

  private static final int LATE_SAMPLES = 120;
  private static final byte[][] NO_CHUNKS = {};
  private static final Late NO_LATE = new Late(new int[0], new double[0], 0);
  private static final Parts NOTHING = new Parts(NO_CHUNKS, NO_LATE);
  private static final ChunkCodec CODEC = ChunkCodec.current();

  /** What an append found. */
  enum Outcome {
    /** The (series, time) was new. */
    ADDED,
    /** The (series, time) had this very value, or one that was to be kept. */
    HELD,
    /** The (series, time) had another value, which is replaced. */
    REPLACED
  }

  /**
   * Late samples, ascending; replaced as a whole.
   *
   * @param added how many of them have a time that nothing else has
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Late(int[] offsets, double[] values, int added) {

    int size() {
      return offsets.length;
    }

    int last() {
      return size() == 0 ? -1 : offsets[size() - 1];
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Parts(byte[][] chunks, Late late) {

    long lastChunkTime() {
      return chunks.length == 0 ? Long.MIN_VALUE : CODEC.lastTime(chunks[chunks.length - 1]);
    }
  }

  private final long blockStart;
  private volatile Parts parts = NOTHING;

  SeriesChunks(long blockStart) {
    this.blockStart = blockStart;
  }

  /**
   * Encodes a tail behind the chunks there are, and returns how many more bytes they take. The tail
   * is to be replaced after that.
   */
  long encode(long[] tail, Scratch scratch) {
    int n = Tail.size(tail);
    scratch.ensureRoom(n);
    for (int i = 0; i < n; i++) {
      scratch.times[i] = blockStart + Tail.offset(tail, i);
      scratch.values[i] = Tail.value(tail, i);
    }
    Parts now = parts;
    byte[][] chunks = Arrays.copyOf(now.chunks, now.chunks.length + 1);
    chunks[now.chunks.length] = CODEC.encode(scratch.times, scratch.values, 0, n);
    parts = new Parts(chunks, now.late);
    return CHUNK_OVERHEAD + chunks[now.chunks.length].length;
  }

  /**
   * Adds a sample that is not newer than all others.
   *
   * @param keep whether a sample that is there already stays, whatever its value
   */
  Outcome appendLate(long[] tail, int offset, double value, boolean keep, Scratch scratch) {
    Parts now = parts;
    Late late = now.late;
    int at = Arrays.binarySearch(late.offsets, offset);
    if (at >= 0) {
      if (keep || same(late.values[at], value)) {
        return Outcome.HELD;
      }
      double[] values = late.values.clone();
      values[at] = value;
      parts = new Parts(now.chunks, new Late(late.offsets, values, late.added));
      return Outcome.REPLACED;
    }
    Outcome outcome = lookUp(now, tail, offset, value, scratch);
    if (outcome == Outcome.HELD || (keep && outcome == Outcome.REPLACED)) {
      return Outcome.HELD;
    }
    int insertAt = -at - 1;
    int n = late.size();
    int[] offsets = new int[n + 1];
    double[] values = new double[n + 1];
    System.arraycopy(late.offsets, 0, offsets, 0, insertAt);
    System.arraycopy(late.values, 0, values, 0, insertAt);
    offsets[insertAt] = offset;
    values[insertAt] = value;
    System.arraycopy(late.offsets, insertAt, offsets, insertAt + 1, n - insertAt);
    System.arraycopy(late.values, insertAt, values, insertAt + 1, n - insertAt);
    int added = late.added + (outcome == Outcome.ADDED ? 1 : 0);
    parts = new Parts(now.chunks, new Late(offsets, values, added));
    return outcome;
  }

  /** Tells whether it is time for {@link #mergeLate}. */
  boolean isLateFull() {
    return parts.late.size() >= LATE_SAMPLES;
  }

  private Outcome lookUp(Parts now, long[] tail, int offset, double value, Scratch scratch) {
    int n = Tail.size(tail);
    if (n > 0 && offset >= Tail.offset(tail, 0)) {
      int at = Tail.find(tail, offset);
      return at < 0
          ? Outcome.ADDED
          : same(Tail.value(tail, at), value) ? Outcome.HELD : Outcome.REPLACED;
    }
    long time = blockStart + offset;
    int low = firstEndingAtOrAfter(now.chunks, time);
    if (low == now.chunks.length || CODEC.firstTime(now.chunks[low]) > time) {
      return Outcome.ADDED;
    }
    int samples = CODEC.count(now.chunks[low]);
    scratch.ensureRoom(samples);
    CODEC.decode(now.chunks[low], scratch.times, scratch.values, 0);
    int at = Arrays.binarySearch(scratch.times, 0, samples, time);
    return at < 0
        ? Outcome.ADDED
        : same(scratch.values[at], value) ? Outcome.HELD : Outcome.REPLACED;
  }

  private static int firstEndingAtOrAfter(byte[][] chunks, long time) {
    int low = 0;
    int high = chunks.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (CODEC.lastTime(chunks[middle]) < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * Puts the late samples where they belong, encoding the chunks they touch anew, and the tail with
   * them if they reach into it. Tells whether they did: the tail is to be emptied then.
   */
  boolean mergeLate(long[] tail) {
    Parts now = parts;
    long from = blockStart + now.late.offsets[0];
    long to = blockStart + now.late.last();
    int first = firstEndingAtOrAfter(now.chunks, from);
    int last = first;
    while (last < now.chunks.length && CODEC.firstTime(now.chunks[last]) <= to) {
      last++;
    }
    boolean touchesTail = Tail.size(tail) > 0 && now.late.last() >= Tail.offset(tail, 0);
    SampleBuffer merged = new SampleBuffer();
    copy(
        new Parts(Arrays.copyOfRange(now.chunks, first, last), now.late),
        touchesTail ? tail : Tail.EMPTY,
        Long.MIN_VALUE,
        Long.MAX_VALUE,
        merged);
    int samples = merged.size();
    int encoded = (samples + Tail.MAX_SAMPLES - 1) / Tail.MAX_SAMPLES;
    byte[][] chunks = new byte[now.chunks.length - (last - first) + encoded][];
    System.arraycopy(now.chunks, 0, chunks, 0, first);
    for (int i = 0; i < encoded; i++) {
      int begin = (int) ((long) samples * i / encoded);
      int end = (int) ((long) samples * (i + 1) / encoded);
      chunks[first + i] = CODEC.encode(merged.times(), merged.values(), begin, end - begin);
    }
    System.arraycopy(now.chunks, last, chunks, first + encoded, now.chunks.length - last);
    parts = new Parts(chunks, NO_LATE);
    return touchesTail;
  }

  private static boolean same(double a, double b) {
    return Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b);
  }

  /**
   * Appends the samples of the span to the buffer, ascending, and returns how many.
   *
   * @param tail the tail as it was before this call
   */
  int copy(long[] tail, long fromMs, long toMs, SampleBuffer into) {
    return copy(parts, tail, fromMs, toMs, into);
  }

  private int copy(Parts now, long[] tail, long fromMs, long toMs, SampleBuffer into) {
    int before = into.size();
    for (byte[] chunk : now.chunks) {
      if (CODEC.lastTime(chunk) < fromMs) {
        continue;
      }
      if (CODEC.firstTime(chunk) > toMs) {
        break;
      }
      int samples = CODEC.count(chunk);
      into.ensureRoom(samples);
      int at = into.size();
      into.size(at + CODEC.decode(chunk, into.times(), into.values(), at));
      into.trim(at, fromMs, toMs);
    }
    copyTail(tail, Math.max(fromMs, now.lastChunkTime() + 1), toMs, into);
    if (now.late.size() > 0) {
      mergeLateInto(now.late, before, fromMs, toMs, into);
    }
    return into.size() - before;
  }

  private void copyTail(long[] tail, long fromMs, long toMs, SampleBuffer into) {
    int n = Tail.size(tail);
    into.ensureRoom(n);
    for (int i = 0; i < n; i++) {
      long time = blockStart + Tail.offset(tail, i);
      if (time >= fromMs && time <= toMs) {
        into.add(time, Tail.value(tail, i));
      }
    }
  }

  private void mergeLateInto(Late late, int begin, long fromMs, long toMs, SampleBuffer buffer) {
    int kept = buffer.size() - begin;
    long[] times = Arrays.copyOfRange(buffer.times(), begin, begin + kept);
    double[] values = Arrays.copyOfRange(buffer.values(), begin, begin + kept);
    buffer.size(begin);
    int i = 0;
    for (int j = 0; j < late.size(); j++) {
      long time = blockStart + late.offsets[j];
      if (time < fromMs || time > toMs) {
        continue;
      }
      while (i < kept && times[i] < time) {
        buffer.add(times[i], values[i++]);
      }
      if (i < kept && times[i] == time) {
        i++;
      }
      buffer.add(time, late.values[j]);
    }
    while (i < kept) {
      buffer.add(times[i], values[i++]);
    }
  }

  /** Returns the number of samples. */
  int count(long[] tail) {
    Parts now = parts;
    int count = now.late.added;
    for (byte[] chunk : now.chunks) {
      count += CODEC.count(chunk);
    }
    int n = Tail.size(tail);
    boolean encoded = n > 0 && blockStart + Tail.offset(tail, n - 1) <= now.lastChunkTime();
    return encoded ? count : count + n;
  }

  /** Returns the earliest time; {@link Long#MAX_VALUE} when there is no sample. */
  long firstTime(long[] tail) {
    Parts now = parts;
    long first = Long.MAX_VALUE;
    if (now.chunks.length > 0) {
      first = CODEC.firstTime(now.chunks[0]);
    } else if (Tail.size(tail) > 0) {
      first = blockStart + Tail.offset(tail, 0);
    }
    return now.late.size() == 0 ? first : Math.min(first, blockStart + now.late.offsets[0]);
  }

  /** Returns the latest time; {@link Long#MIN_VALUE} when there is no sample. */
  long lastTime(long[] tail) {
    Parts now = parts;
    int n = Tail.size(tail);
    long last = now.lastChunkTime();
    if (n > 0) {
      last = Math.max(last, blockStart + Tail.offset(tail, n - 1));
    }
    return now.late.size() == 0 ? last : Math.max(last, blockStart + now.late.last());
  }

  /** Appends the newest sample at or before {@code toMs} and tells whether there is one. */
  boolean copyLatest(long[] tail, long toMs, SampleBuffer into) {
    Parts now = parts;
    int n = Tail.size(tail);
    if (n > 0) {
      int offset = Tail.offset(tail, n - 1);
      long time = blockStart + offset;
      if (time <= toMs && offset > now.late.last() && time > now.lastChunkTime()) {
        into.add(time, Tail.value(tail, n - 1));
        return true;
      }
    }
    SampleBuffer all = new SampleBuffer();
    if (copy(now, tail, Long.MIN_VALUE, toMs, all) == 0) {
      return false;
    }
    into.add(all.times()[all.size() - 1], all.values()[all.size() - 1]);
    return true;
  }

  void write(ObjectDataOutput out) throws IOException {
    Parts now = parts;
    out.writeInt(now.chunks.length);
    for (byte[] chunk : now.chunks) {
      out.writeByteArray(chunk);
    }
    out.writeIntArray(now.late.offsets);
    // Not as doubles: those lose the payload of a NaN, by which stale markers are known.
    out.writeLongArray(
        Arrays.stream(now.late.values).mapToLong(Double::doubleToRawLongBits).toArray());
    out.writeInt(now.late.added);
  }

  static SeriesChunks read(long blockStart, ObjectDataInput in) throws IOException {
    byte[][] chunks = new byte[in.readInt()][];
    for (int i = 0; i < chunks.length; i++) {
      chunks[i] = in.readByteArray();
    }
    SeriesChunks read = new SeriesChunks(blockStart);
    read.parts =
        new Parts(chunks, new Late(in.readIntArray(), values(in.readLongArray()), in.readInt()));
    return read;
  }

  private static double[] values(long[] bits) {
    return Arrays.stream(bits).mapToDouble(Double::longBitsToDouble).toArray();
  }

  long heapBytes() {
    Parts now = parts;
    long bytes = EMPTY_BYTES + (now.late.size() == 0 ? 0 : 64 + 12L * now.late.size());
    for (byte[] chunk : now.chunks) {
      bytes += CHUNK_OVERHEAD + chunk.length;
    }
    return bytes;
  }

  /** Arrays that the shard's thread uses again and again. */
  static final class Scratch {
    long[] times = new long[Tail.MAX_SAMPLES];
    double[] values = new double[Tail.MAX_SAMPLES];

    void ensureRoom(int samples) {
      if (times.length < samples) {
        times = new long[samples];
        values = new double[samples];
      }
    }
  }
}
