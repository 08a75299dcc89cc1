package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.store.SeriesChunks.Outcome;
import java.io.IOException;

/**
 * One block of a shard: what of it is sealed, and what is open. A block begins open, is sealed some
 * time after its end, and gets a small open part again, the overlay, when late samples come; of
 * equal times the open part's sample counts. Changed under the shard's lock; read by any thread.
 *
 * <p>Sealing works on a snapshot, beside the writers. What they change meanwhile is noted in a log
 * and becomes the overlay of the new sealed part, so sealing needs no pause and cannot fail for
 * want of one.
 */
final class Block {

  /**
   * What readers see.
   *
   * @param sealed null before the first sealing
   * @param open null when everything is sealed; one of both is there
   */
  record State(SealedBlock sealed, OpenBlock open) {

    /** Returns a number that is greater than that of any series here. */
    int refs() {
      int chunks = sealed == null ? 0 : sealed.chunks();
      int lastSealed = chunks == 0 ? -1 : sealed.ref(chunks - 1);
      return Math.max(open == null ? 0 : open.room(), lastSealed + 1);
    }
  }

  private static final int MAX_LOGGED = 1 << 18;

  /** What was changed since a snapshot was taken, in order. */
  private static final class Log {
    final SampleBuffer samples = new SampleBuffer();
    int[] refs = new int[16];

    void add(int ref, long time, double value) {
      int n = samples.size();
      if (n == refs.length) {
        refs = java.util.Arrays.copyOf(refs, n * 2);
      }
      refs[n] = ref;
      samples.add(time, value);
    }
  }

  private final long startMs;
  private volatile State state;
  private volatile long samples;
  private volatile long version;
  private volatile long lastSequence;
  private volatile boolean read;

  /** Only under the shard's lock; null while nobody seals. */
  private Log log;

  Block(long startMs, int series) {
    this.startMs = startMs;
    this.state = new State(null, new OpenBlock(startMs, series));
  }

  Block(SealedBlock sealed) {
    this.startMs = sealed.startMs();
    this.state = new State(sealed, null);
    this.samples = sealed.samples();
  }

  private Block(long startMs, State state, long samples, long lastSequence) {
    this.startMs = startMs;
    this.state = state;
    this.samples = samples;
    this.lastSequence = lastSequence;
  }

  long startMs() {
    return startMs;
  }

  long endMs() {
    return startMs + BlockSpan.LENGTH_MS;
  }

  State state() {
    return state;
  }

  /** Returns the number of samples; exact. */
  long samples() {
    return samples;
  }

  /** Returns a number that rises with every batch that had samples for this block. */
  long version() {
    return version;
  }

  /** Returns the sequence of the last batch that had samples for this block; 0 for none. */
  long lastSequence() {
    return lastSequence;
  }

  /** Takes note that somebody reads the block. */
  void noteRead() {
    if (!read) {
      read = true;
    }
  }

  /** Tells whether somebody has read the block since the last call. */
  boolean takeRead() {
    boolean was = read;
    if (was) {
      read = false;
    }
    return was;
  }

  long heapBytes() {
    State now = state;
    return 96
        + (now.sealed == null ? 0 : now.sealed.heapBytes())
        + (now.open == null ? 0 : now.open.heapBytes());
  }

  /** Returns the open part when an append need not look further, else null. */
  OpenBlock appendOnly() {
    State now = state;
    return now.sealed == null && log == null ? now.open : null;
  }

  /** Adds a sample where {@link #appendOnly} is null. */
  Outcome append(
      int ref,
      long time,
      double value,
      boolean keep,
      SeriesChunks.Scratch scratch,
      SealedBlock.Lookup lookup) {
    State now = state;
    Outcome outcome =
        now.sealed == null
            ? now.open.append(ref, time, value, keep, scratch)
            : appendOver(now, ref, time, value, keep, scratch, lookup);
    if (log != null && outcome != Outcome.HELD && log.samples.size() <= MAX_LOGGED) {
      log.add(ref, time, value);
    }
    return outcome;
  }

  private Outcome appendOver(
      State now,
      int ref,
      long time,
      double value,
      boolean keep,
      SeriesChunks.Scratch scratch,
      SealedBlock.Lookup lookup) {
    boolean held = lookup.find(now.sealed, ref, time);
    if (held && keep) {
      return Outcome.HELD;
    }
    boolean same =
        held && Double.doubleToRawLongBits(lookup.value()) == Double.doubleToRawLongBits(value);
    OpenBlock open = now.open;
    if (same && (open == null || open.find(ref) == null)) {
      return Outcome.HELD;
    }
    if (open == null) {
      open = new OpenBlock(startMs, ref + 1);
    }
    Outcome outcome = open.append(ref, time, value, keep, scratch);
    if (now.open == null) {
      state = new State(now.sealed, open);
    }
    if (outcome != Outcome.ADDED || !held) {
      return outcome;
    }
    return same ? Outcome.HELD : Outcome.REPLACED;
  }

  /**
   * Takes note of a batch.
   *
   * @param sequence its sequence; 0 for what was restored
   * @param added how many samples it added
   */
  void written(long sequence, long added) {
    long now = version;
    version = now + 1;
    if (Long.compareUnsigned(sequence, lastSequence) > 0) {
      lastSequence = sequence;
    }
    if (added > 0) {
      long before = samples;
      samples = before + added;
    }
  }

  /** Begins to note what is changed and returns what there is; null when that has been begun. */
  State beginSeal() {
    if (log != null) {
      return null;
    }
    log = new Log();
    return state;
  }

  /** Gives up sealing. */
  void abortSeal() {
    log = null;
  }

  /**
   * Takes what was made of the state that {@link #beginSeal} returned, and over it what was changed
   * since. Tells whether it did; not when too much was changed.
   */
  boolean endSeal(SealedBlock sealed, SeriesChunks.Scratch scratch, SealedBlock.Lookup lookup) {
    Log noted = log;
    log = null;
    if (noted.samples.size() > MAX_LOGGED) {
      return false;
    }
    Block next = new Block(sealed);
    for (int i = 0; i < noted.samples.size(); i++) {
      Outcome ignored =
          next.append(
              noted.refs[i],
              noted.samples.times()[i],
              noted.samples.values()[i],
              false,
              scratch,
              lookup);
    }
    state = next.state;
    return true;
  }

  /** Encodes a state. Linear in its samples, but for series that are sealed and unchanged. */
  static SealedBlock seal(long startMs, State state) {
    SealedBlock before = state.sealed;
    int room = state.refs();
    SealedBlock.Builder builder = new SealedBlock.Builder(startMs, room);
    SampleBuffer buffer = new SampleBuffer();
    for (int ref = 0; ref < room; ref++) {
      BlockPart part = BlockPart.find(state, ref);
      if (part == null) {
        continue;
      }
      if (part.open() == null) {
        builder.add(before, part.first());
      } else {
        buffer.clear();
        int ignored = part.copy(Long.MIN_VALUE, Long.MAX_VALUE, buffer);
        builder.add(ref, buffer);
      }
    }
    return builder.build();
  }

  void write(ObjectDataOutput out) throws IOException {
    State now = state;
    out.writeLong(startMs);
    out.writeLong(samples);
    out.writeLong(lastSequence);
    out.writeBoolean(now.sealed != null);
    if (now.sealed != null) {
      now.sealed.write(out);
    }
    out.writeBoolean(now.open != null);
    if (now.open != null) {
      now.open.write(out);
    }
  }

  static Block read(ObjectDataInput in, int series) throws IOException {
    long startMs = in.readLong();
    long samples = in.readLong();
    long lastSequence = in.readLong();
    SealedBlock sealed = in.readBoolean() ? SealedBlock.read(in) : null;
    // An overlay has few series.
    OpenBlock open = in.readBoolean() ? OpenBlock.read(in, sealed == null ? series : 0) : null;
    return new Block(startMs, new State(sealed, open), samples, lastSequence);
  }
}
