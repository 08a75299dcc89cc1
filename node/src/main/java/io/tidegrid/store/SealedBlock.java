package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.codec.ChunkCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The samples of a shard's series in one block, encoded and packed: chunks one after another in
 * pages of bytes, and a directory of eight bytes a chunk. Immutable.
 *
 * <p>A series has one chunk for the whole block, unless it has more than {@link #MAX_CHUNK} samples
 * there. Pages, since one array for everything would be a huge object, which the collector places
 * badly, and one for each chunk would cost a header and a reference each.
 */
final class SealedBlock {

  /** Bounds what has to be decoded for a part of a series' samples. */
  static final int MAX_CHUNK = 4_096;

  private static final int PAGE_BITS = 18;
  private static final int PAGE_BYTES = 1 << PAGE_BITS;
  private static final ChunkCodec CODEC = ChunkCodec.current();

  private final long startMs;
  private final byte[][] pages;

  /** The series' number of each chunk, ascending; several of one series in order of time. */
  private final int[] refs;

  /** For each chunk its page, times {@link #PAGE_BYTES}, plus its place there. */
  private final int[] places;

  private final long samples;
  private final int series;

  private SealedBlock(long startMs, byte[][] pages, int[] refs, int[] places, long samples) {
    this.startMs = startMs;
    this.pages = pages;
    this.refs = refs;
    this.places = places;
    this.samples = samples;
    int distinct = 0;
    for (int i = 0; i < refs.length; i++) {
      distinct += i == 0 || refs[i] != refs[i - 1] ? 1 : 0;
    }
    this.series = distinct;
  }

  long startMs() {
    return startMs;
  }

  long samples() {
    return samples;
  }

  int series() {
    return series;
  }

  /** Returns the heap that the block takes, its directory included. */
  long heapBytes() {
    long bytes = 48 + 2L * 16 + 8L * refs.length + 16 + 4L * pages.length;
    for (byte[] page : pages) {
      bytes += 16 + (page.length + 7 & ~7);
    }
    return bytes;
  }

  /** Returns the first chunk of a series, or -1 when it has none. Logarithmic. */
  int find(int ref) {
    // Without churn every series is in every block, in the place of its number.
    if (ref < refs.length && refs[ref] == ref && (ref == 0 || refs[ref - 1] != ref)) {
      return ref;
    }
    int low = 0;
    int high = refs.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (refs[middle] < ref) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < refs.length && refs[low] == ref ? low : -1;
  }

  /** Returns the number of chunks. */
  int chunks() {
    return refs.length;
  }

  int ref(int chunk) {
    return refs[chunk];
  }

  private boolean isOf(int chunk, int ref) {
    return chunk < refs.length && refs[chunk] == ref;
  }

  private byte[] page(int chunk) {
    return pages[places[chunk] >>> PAGE_BITS];
  }

  private int from(int chunk) {
    return places[chunk] & PAGE_BYTES - 1;
  }

  private int to(int chunk) {
    int next = chunk + 1;
    return next < places.length && places[next] >>> PAGE_BITS == places[chunk] >>> PAGE_BITS
        ? places[next] & PAGE_BYTES - 1
        : page(chunk).length;
  }

  private long firstTimeOf(int chunk) {
    return CODEC.firstTime(page(chunk), from(chunk), to(chunk));
  }

  private long lastTimeOf(int chunk) {
    return CODEC.lastTime(page(chunk), from(chunk), to(chunk));
  }

  /** Returns the number of samples of the series whose first chunk this is. */
  int count(int first) {
    int count = 0;
    for (int chunk = first; isOf(chunk, refs[first]); chunk++) {
      count += CODEC.count(page(chunk), from(chunk), to(chunk));
    }
    return count;
  }

  long firstTime(int first) {
    return firstTimeOf(first);
  }

  long lastTime(int first) {
    int last = first;
    while (isOf(last + 1, refs[first])) {
      last++;
    }
    return lastTimeOf(last);
  }

  /** Appends the samples of the range, of the series whose first chunk this is. */
  int copy(int first, long fromMs, long toMs, SampleBuffer into) {
    int before = into.size();
    for (int chunk = first; isOf(chunk, refs[first]); chunk++) {
      if (lastTimeOf(chunk) < fromMs) {
        continue;
      }
      if (firstTimeOf(chunk) > toMs) {
        break;
      }
      int at = into.size();
      into.ensureRoom(CODEC.count(page(chunk), from(chunk), to(chunk)));
      int samples =
          CODEC.decode(page(chunk), from(chunk), to(chunk), into.times(), into.values(), at);
      into.size(at + samples);
      into.trim(at, fromMs, toMs);
    }
    return into.size() - before;
  }

  /** Appends the newest sample at or before a time, and tells whether there is one. */
  boolean copyLatest(int first, long toMs, SampleBuffer into) {
    int last = -1;
    for (int chunk = first; isOf(chunk, refs[first]) && firstTimeOf(chunk) <= toMs; chunk++) {
      last = chunk;
    }
    if (last < 0) {
      return false;
    }
    SampleBuffer all = new SampleBuffer();
    all.ensureRoom(CODEC.count(page(last), from(last), to(last)));
    all.size(CODEC.decode(page(last), from(last), to(last), all.times(), all.values(), 0));
    all.trim(0, Long.MIN_VALUE, toMs);
    into.add(all.times()[all.size() - 1], all.values()[all.size() - 1]);
    return true;
  }

  /** Finds single samples; remembers the chunk decoded last. For one thread. */
  static final class Lookup {

    private final SampleBuffer decoded = new SampleBuffer();
    private SealedBlock block;
    private int chunk;
    private int found;

    /** Looks for a sample; tells whether there is one, whose value is {@link #value} then. */
    boolean find(SealedBlock in, int ref, long time) {
      int at = in.find(ref);
      if (at < 0) {
        return false;
      }
      while (in.isOf(at + 1, ref) && in.firstTimeOf(at + 1) <= time) {
        at++;
      }
      if (!CODEC.mayHold(in.page(at), in.from(at), in.to(at), time)) {
        return false;
      }
      if (block != in || chunk != at) {
        decoded.clear();
        decoded.ensureRoom(CODEC.count(in.page(at), in.from(at), in.to(at)));
        decoded.size(
            CODEC.decode(
                in.page(at), in.from(at), in.to(at), decoded.times(), decoded.values(), 0));
        block = in;
        chunk = at;
      }
      found = Arrays.binarySearch(decoded.times(), 0, decoded.size(), time);
      return found >= 0;
    }

    double value() {
      return decoded.values()[found];
    }

    /** Lets go of the block. */
    void release() {
      block = null;
    }
  }

  /** Builds a block, series by series in ascending order of their numbers. */
  static final class Builder {

    private final long startMs;
    private final List<byte[]> pages = new ArrayList<>();
    private byte[] page = new byte[0];
    private int filled;
    private int[] refs;
    private int[] places;
    private int chunks;
    private long samples;

    /**
     * @param series about how many there will be
     */
    Builder(long startMs, int series) {
      this.startMs = startMs;
      this.refs = new int[Math.max(series, 4)];
      this.places = new int[refs.length];
    }

    /** Adds the samples of a series, ascending by time; none adds nothing. */
    void add(int ref, SampleBuffer buffer) {
      int size = buffer.size();
      int parts = (size + MAX_CHUNK - 1) / MAX_CHUNK;
      for (int i = 0; i < parts; i++) {
        int begin = (int) ((long) size * i / parts);
        int end = (int) ((long) size * (i + 1) / parts);
        byte[] chunk = CODEC.encode(buffer.times(), buffer.values(), begin, end - begin);
        append(ref, chunk, 0, chunk.length);
      }
      samples += size;
    }

    /** Adds a series as it is in another block, where its first chunk is this. */
    void add(SealedBlock other, int first) {
      for (int chunk = first; other.isOf(chunk, other.refs[first]); chunk++) {
        append(other.refs[first], other.page(chunk), other.from(chunk), other.to(chunk));
      }
      samples += other.count(first);
    }

    private void append(int ref, byte[] bytes, int from, int to) {
      int length = to - from;
      if (page.length < PAGE_BYTES && filled + length > page.length) {
        page = Arrays.copyOf(page, Math.clamp((filled + length) * 2L, 1_024, PAGE_BYTES));
      }
      if (filled + length > page.length) {
        closePage();
        page = new byte[PAGE_BYTES];
      }
      if (chunks == refs.length) {
        refs = Arrays.copyOf(refs, chunks * 2);
        places = Arrays.copyOf(places, chunks * 2);
      }
      System.arraycopy(bytes, from, page, filled, length);
      refs[chunks] = ref;
      places[chunks++] = (pages.size() << PAGE_BITS) + filled;
      filled += length;
    }

    private void closePage() {
      pages.add(Arrays.copyOf(page, filled));
      filled = 0;
    }

    SealedBlock build() {
      closePage();
      return new SealedBlock(
          startMs,
          pages.toArray(byte[][]::new),
          Arrays.copyOf(refs, chunks),
          Arrays.copyOf(places, chunks),
          samples);
    }
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLong(startMs);
    out.writeLong(samples);
    out.writeIntArray(refs);
    out.writeIntArray(places);
    out.writeInt(pages.length);
    for (byte[] page : pages) {
      out.writeByteArray(page);
    }
  }

  static SealedBlock read(ObjectDataInput in) throws IOException {
    long startMs = in.readLong();
    long samples = in.readLong();
    int[] refs = in.readIntArray();
    int[] places = in.readIntArray();
    byte[][] pages = new byte[in.readInt()][];
    for (int i = 0; i < pages.length; i++) {
      pages[i] = in.readByteArray();
    }
    return new SealedBlock(startMs, pages, refs, places, samples);
  }
}
