package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.codec.ChunkCodec;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The samples of one series in one block: encoded chunks in order, a tail of plain arrays that new
 * samples are appended to, and a small sorted set of late samples that is merged into the chunks
 * when it is full. Written by the shard's thread under the shard's lock; read by any thread without
 * one: a reader takes the parts once and then sees what they held at that moment.
 *
 * <p>Where a late sample has the time of an encoded one, the late one counts.
 */
final class SeriesChunks {

  /**
   * Samples a tail collects before it is encoded: enough for the codec, few enough to hold plain.
   */
  static final int TAIL_SAMPLES = 120;

  private static final int LATE_SAMPLES = 120;
  private static final byte[][] NO_CHUNKS = {};
  private static final Late NO_LATE = new Late(new int[0], new double[0]);
  private static final VarHandle TAIL_SIZE;

  static {
    try {
      TAIL_SIZE = MethodHandles.lookup().findVarHandle(Tail.class, "size", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** What {@link #append} found. */
  enum Outcome {
    /** The (series, time) was new. */
    ADDED,
    /** The (series, time) had this very value. */
    HELD,
    /** The (series, time) had another value, which is replaced. */
    REPLACED
  }

  /** Appended to in place; what lies below its size never changes. */
  private static final class Tail {
    final int[] offsets;
    final double[] values;

    @SuppressWarnings("unused") // through TAIL_SIZE
    private int size;

    Tail(int capacity) {
      offsets = new int[capacity];
      values = new double[capacity];
    }

    int size() {
      return (int) TAIL_SIZE.getAcquire(this);
    }

    void size(int size) {
      TAIL_SIZE.setRelease(this, size);
    }
  }

  /** Late samples, ascending; replaced as a whole. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Late(int[] offsets, double[] values) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Parts(byte[][] chunks, Tail tail, Late late) {}

  private final long blockStart;
  private volatile Parts parts;
  private int count;

  SeriesChunks(long blockStart) {
    this.blockStart = blockStart;
    this.parts = new Parts(NO_CHUNKS, new Tail(4), NO_LATE);
  }

  boolean isEmpty() {
    Parts now = parts;
    return now.chunks.length == 0 && now.tail.size() == 0 && now.late.offsets.length == 0;
  }

  /** Returns the number of samples; exact for the shard's thread, for others a moment old. */
  int count() {
    return count;
  }

  /**
   * Adds a sample of this block.
   *
   * @param keep whether a sample that is there already stays, whatever its value
   */
  Outcome append(long time, double value, boolean keep, Scratch scratch) {
    int offset = (int) (time - blockStart);
    Parts now = parts;
    Tail tail = now.tail;
    int n = tail.size();
    if (n > 0
        ? offset > tail.offsets[n - 1]
        : now.chunks.length == 0 || time > lastChunkTime(now)) {
      if (n == tail.offsets.length) {
        tail = n < TAIL_SAMPLES ? growTail(now) : encodeTail(now, scratch);
        n = tail.size();
      }
      tail.offsets[n] = offset;
      tail.values[n] = value;
      count++;
      tail.size(n + 1);
      return Outcome.ADDED;
    }
    return appendLate(now, offset, time, value, keep, scratch);
  }

  private static long lastChunkTime(Parts now) {
    return ChunkCodec.current().lastTime(now.chunks[now.chunks.length - 1]);
  }

  private Tail growTail(Parts now) {
    Tail old = now.tail;
    int n = old.size();
    Tail grown = new Tail(Math.min(TAIL_SAMPLES, n * 4));
    System.arraycopy(old.offsets, 0, grown.offsets, 0, n);
    System.arraycopy(old.values, 0, grown.values, 0, n);
    grown.size(n);
    parts = new Parts(now.chunks, grown, now.late);
    return grown;
  }

  private Tail encodeTail(Parts now, Scratch scratch) {
    Tail tail = now.tail;
    int n = tail.size();
    scratch.ensureRoom(n);
    for (int i = 0; i < n; i++) {
      scratch.times[i] = blockStart + tail.offsets[i];
    }
    byte[] chunk = ChunkCodec.current().encode(scratch.times, tail.values, 0, n);
    byte[][] chunks = Arrays.copyOf(now.chunks, now.chunks.length + 1);
    chunks[now.chunks.length] = chunk;
    // Most series that fill one tail fill the next.
    Tail fresh = new Tail(TAIL_SAMPLES);
    parts = new Parts(chunks, fresh, now.late);
    return fresh;
  }

  private Outcome appendLate(
      Parts now, int offset, long time, double value, boolean keep, Scratch scratch) {
    Late late = now.late;
    int at = Arrays.binarySearch(late.offsets, offset);
    if (at >= 0) {
      if (keep || same(late.values[at], value)) {
        return Outcome.HELD;
      }
      double[] values = late.values.clone();
      values[at] = value;
      parts = new Parts(now.chunks, now.tail, new Late(late.offsets, values));
      return Outcome.REPLACED;
    }
    Outcome outcome = lookUp(now, offset, time, value, scratch);
    if (outcome == Outcome.HELD || (keep && outcome == Outcome.REPLACED)) {
      return Outcome.HELD;
    }
    int insertAt = -at - 1;
    int n = late.offsets.length;
    int[] offsets = new int[n + 1];
    double[] values = new double[n + 1];
    System.arraycopy(late.offsets, 0, offsets, 0, insertAt);
    System.arraycopy(late.values, 0, values, 0, insertAt);
    offsets[insertAt] = offset;
    values[insertAt] = value;
    System.arraycopy(late.offsets, insertAt, offsets, insertAt + 1, n - insertAt);
    System.arraycopy(late.values, insertAt, values, insertAt + 1, n - insertAt);
    if (outcome == Outcome.ADDED) {
      count++;
    }
    parts = new Parts(now.chunks, now.tail, new Late(offsets, values));
    if (n + 1 >= LATE_SAMPLES) {
      mergeLate();
    }
    return outcome;
  }

  private Outcome lookUp(Parts now, int offset, long time, double value, Scratch scratch) {
    Tail tail = now.tail;
    int n = tail.size();
    if (n > 0 && offset >= tail.offsets[0]) {
      int at = Arrays.binarySearch(tail.offsets, 0, n, offset);
      return at < 0
          ? Outcome.ADDED
          : same(tail.values[at], value) ? Outcome.HELD : Outcome.REPLACED;
    }
    ChunkCodec codec = ChunkCodec.current();
    int low = 0;
    int high = now.chunks.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (codec.lastTime(now.chunks[middle]) < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == now.chunks.length || codec.firstTime(now.chunks[low]) > time) {
      return Outcome.ADDED;
    }
    byte[] chunk = now.chunks[low];
    int samples = codec.count(chunk);
    scratch.ensureRoom(samples);
    codec.decode(chunk, scratch.times, scratch.values, 0);
    int at = Arrays.binarySearch(scratch.times, 0, samples, time);
    return at < 0
        ? Outcome.ADDED
        : same(scratch.values[at], value) ? Outcome.HELD : Outcome.REPLACED;
  }

  /** Puts the late samples where they belong, encoding the chunks they touch anew. */
  private void mergeLate() {
    Parts now = parts;
    ChunkCodec codec = ChunkCodec.current();
    long from = blockStart + now.late.offsets[0];
    long to = blockStart + now.late.offsets[now.late.offsets.length - 1];
    int first = 0;
    while (first < now.chunks.length && codec.lastTime(now.chunks[first]) < from) {
      first++;
    }
    int last = first;
    while (last < now.chunks.length && codec.firstTime(now.chunks[last]) <= to) {
      last++;
    }
    Tail tail = now.tail;
    boolean touchesTail = tail.size() > 0 && to >= blockStart + tail.offsets[0];
    SampleBuffer merged = new SampleBuffer();
    Parts touched =
        new Parts(
            Arrays.copyOfRange(now.chunks, first, last),
            touchesTail ? tail : new Tail(0),
            now.late);
    copy(touched, Long.MIN_VALUE, Long.MAX_VALUE, merged);
    int samples = merged.size();
    Tail newTail = tail;
    if (touchesTail) {
      int kept = Math.min(samples, TAIL_SAMPLES - 1);
      newTail = new Tail(TAIL_SAMPLES);
      for (int i = 0; i < kept; i++) {
        newTail.offsets[i] = (int) (merged.times()[samples - kept + i] - blockStart);
        newTail.values[i] = merged.values()[samples - kept + i];
      }
      newTail.size(kept);
      samples -= kept;
    }
    int encoded = (samples + TAIL_SAMPLES - 1) / TAIL_SAMPLES;
    byte[][] chunks = new byte[now.chunks.length - (last - first) + encoded][];
    System.arraycopy(now.chunks, 0, chunks, 0, first);
    for (int i = 0; i < encoded; i++) {
      int begin = (int) ((long) samples * i / encoded);
      int end = (int) ((long) samples * (i + 1) / encoded);
      chunks[first + i] = codec.encode(merged.times(), merged.values(), begin, end - begin);
    }
    System.arraycopy(now.chunks, last, chunks, first + encoded, now.chunks.length - last);
    parts = new Parts(chunks, newTail, NO_LATE);
  }

  private static boolean same(double a, double b) {
    return Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b);
  }

  /** Appends the samples of the span to the buffer, ascending, and returns how many. */
  int copy(long fromMs, long toMs, SampleBuffer into) {
    return copy(parts, fromMs, toMs, into);
  }

  private int copy(Parts now, long fromMs, long toMs, SampleBuffer into) {
    int before = into.size();
    ChunkCodec codec = ChunkCodec.current();
    for (byte[] chunk : now.chunks) {
      if (codec.lastTime(chunk) < fromMs) {
        continue;
      }
      if (codec.firstTime(chunk) > toMs) {
        break;
      }
      int samples = codec.count(chunk);
      into.ensureRoom(samples);
      int at = into.size();
      codec.decode(chunk, into.times(), into.values(), at);
      trim(into, at, at + samples, fromMs, toMs);
    }
    Tail tail = now.tail;
    int n = tail.size();
    into.ensureRoom(n);
    int at = into.size();
    long[] times = into.times();
    for (int i = 0; i < n; i++) {
      times[at + i] = blockStart + tail.offsets[i];
    }
    System.arraycopy(tail.values, 0, into.values(), at, n);
    trim(into, at, at + n, fromMs, toMs);
    if (now.late.offsets.length > 0) {
      mergeLateInto(now.late, before, fromMs, toMs, into);
    }
    return into.size() - before;
  }

  private static void trim(SampleBuffer buffer, int begin, int end, long fromMs, long toMs) {
    long[] times = buffer.times();
    int first = begin;
    while (first < end && times[first] < fromMs) {
      first++;
    }
    int last = end;
    while (last > first && times[last - 1] > toMs) {
      last--;
    }
    if (first > begin) {
      System.arraycopy(times, first, times, begin, last - first);
      System.arraycopy(buffer.values(), first, buffer.values(), begin, last - first);
    }
    buffer.size(begin + last - first);
  }

  private void mergeLateInto(Late late, int begin, long fromMs, long toMs, SampleBuffer buffer) {
    int kept = buffer.size() - begin;
    long[] times = Arrays.copyOfRange(buffer.times(), begin, begin + kept);
    double[] values = Arrays.copyOfRange(buffer.values(), begin, begin + kept);
    buffer.size(begin);
    int i = 0;
    for (int j = 0; j < late.offsets.length; j++) {
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

  /** Returns the earliest time; there always is one. */
  long firstTime() {
    Parts now = parts;
    long first = Long.MAX_VALUE;
    if (now.chunks.length > 0) {
      first = ChunkCodec.current().firstTime(now.chunks[0]);
    } else if (now.tail.size() > 0) {
      first = blockStart + now.tail.offsets[0];
    }
    if (now.late.offsets.length > 0) {
      first = Math.min(first, blockStart + now.late.offsets[0]);
    }
    return first;
  }

  /** Returns the latest time; there always is one. */
  long lastTime() {
    Parts now = parts;
    int n = now.tail.size();
    long last = Long.MIN_VALUE;
    if (n > 0) {
      last = blockStart + now.tail.offsets[n - 1];
    } else if (now.chunks.length > 0) {
      last = lastChunkTime(now);
    }
    if (now.late.offsets.length > 0) {
      last = Math.max(last, blockStart + now.late.offsets[now.late.offsets.length - 1]);
    }
    return last;
  }

  /** Appends the newest sample at or before {@code toMs} and tells whether there is one. */
  boolean copyLatest(long toMs, SampleBuffer into) {
    Parts now = parts;
    int n = now.tail.size();
    if (now.late.offsets.length == 0 && n > 0 && blockStart + now.tail.offsets[n - 1] <= toMs) {
      into.add(blockStart + now.tail.offsets[n - 1], now.tail.values[n - 1]);
      return true;
    }
    SampleBuffer all = new SampleBuffer();
    if (copy(now, Long.MIN_VALUE, toMs, all) == 0) {
      return false;
    }
    into.add(all.times()[all.size() - 1], all.values()[all.size() - 1]);
    return true;
  }

  void write(ObjectDataOutput out) throws IOException {
    Parts now = parts;
    out.writeInt(count);
    out.writeInt(now.chunks.length);
    for (byte[] chunk : now.chunks) {
      out.writeByteArray(chunk);
    }
    int n = now.tail.size();
    out.writeIntArray(Arrays.copyOf(now.tail.offsets, n));
    out.writeDoubleArray(Arrays.copyOf(now.tail.values, n));
    out.writeIntArray(now.late.offsets);
    out.writeDoubleArray(now.late.values);
  }

  static SeriesChunks read(long blockStart, ObjectDataInput in) throws IOException {
    SeriesChunks read = new SeriesChunks(blockStart);
    read.count = in.readInt();
    byte[][] chunks = new byte[in.readInt()][];
    for (int i = 0; i < chunks.length; i++) {
      chunks[i] = in.readByteArray();
    }
    int[] offsets = in.readIntArray();
    double[] values = in.readDoubleArray();
    Tail tail = new Tail(Math.max(4, offsets.length));
    System.arraycopy(offsets, 0, tail.offsets, 0, offsets.length);
    System.arraycopy(values, 0, tail.values, 0, offsets.length);
    tail.size(offsets.length);
    read.parts = new Parts(chunks, tail, new Late(in.readIntArray(), in.readDoubleArray()));
    return read;
  }

  long heapBytes() {
    Parts now = parts;
    long bytes = 160 + 12L * now.tail.offsets.length + 12L * now.late.offsets.length;
    for (byte[] chunk : now.chunks) {
      bytes += 20 + chunk.length;
    }
    return bytes;
  }

  /** Arrays that the shard's thread uses again and again. */
  static final class Scratch {
    long[] times = new long[TAIL_SAMPLES];
    double[] values = new double[TAIL_SAMPLES];

    void ensureRoom(int samples) {
      if (times.length < samples) {
        times = new long[samples];
        values = new double[samples];
      }
    }
  }
}
