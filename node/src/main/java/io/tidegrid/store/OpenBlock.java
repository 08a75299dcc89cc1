package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The samples of a shard's series whose times fall into one span of {@link #LENGTH_MS}, aligned to
 * 1970. Written by the shard's thread; read by any.
 */
final class OpenBlock {

  /** Two hours, so that a block of a series at ten seconds is a few full chunks. */
  static final long LENGTH_MS = 7_200_000;

  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(SeriesChunks[].class);

  private final long startMs;
  private volatile SeriesChunks[] byRef;

  OpenBlock(long startMs, int series) {
    this.startMs = startMs;
    this.byRef = new SeriesChunks[Math.max(series, 16)];
  }

  static long startOf(long timeMs) {
    return timeMs - Math.floorMod(timeMs, LENGTH_MS);
  }

  long startMs() {
    return startMs;
  }

  /** Returns the samples of a series for writing. */
  SeriesChunks forWriting(int ref) {
    SeriesChunks[] all = byRef;
    if (ref >= all.length) {
      all = Arrays.copyOf(all, Math.max(ref + 1, all.length * 2));
      byRef = all;
    }
    SeriesChunks chunks = all[ref];
    if (chunks == null) {
      chunks = new SeriesChunks(startMs);
      SLOT.setRelease(all, ref, chunks);
    }
    return chunks;
  }

  /** Returns the samples of a series, or null when it has none here. */
  SeriesChunks find(int ref) {
    SeriesChunks[] all = byRef;
    if (ref >= all.length) {
      return null;
    }
    SeriesChunks chunks = (SeriesChunks) SLOT.getAcquire(all, ref);
    return chunks == null || chunks.isEmpty() ? null : chunks;
  }

  void write(ObjectDataOutput out) throws IOException {
    SeriesChunks[] all = byRef;
    int count = 0;
    for (int ref = 0; ref < all.length; ref++) {
      count += find(ref) == null ? 0 : 1;
    }
    out.writeLong(startMs);
    out.writeInt(count);
    for (int ref = 0; ref < all.length; ref++) {
      SeriesChunks chunks = find(ref);
      if (chunks != null) {
        out.writeInt(ref);
        chunks.write(out);
      }
    }
  }

  static OpenBlock read(ObjectDataInput in, int series) throws IOException {
    OpenBlock block = new OpenBlock(in.readLong(), series);
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      int ref = in.readInt();
      SeriesChunks chunks = SeriesChunks.read(block.startMs, in);
      block.forWriting(ref);
      SLOT.setRelease(block.byRef, ref, chunks);
    }
    return block;
  }

  /** Returns how many samples there are and what they take, computed series by series. */
  void addTo(ShardSize size) {
    SeriesChunks[] all = byRef;
    size.bytes += 64 + 4L * all.length;
    for (int ref = 0; ref < all.length; ref++) {
      SeriesChunks chunks = find(ref);
      if (chunks != null) {
        size.samples += chunks.count();
        size.bytes += chunks.heapBytes();
      }
    }
  }
}
