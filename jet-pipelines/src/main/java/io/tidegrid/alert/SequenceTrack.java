package io.tidegrid.alert;

import io.tidegrid.live.AppendedSamples;
import java.util.List;
import java.util.TreeMap;

/**
 * Puts the batches of a shard into their order, and notices when one is missing. They are shown
 * when their backups have confirmed, which may be a little out of order. Used by one thread.
 */
final class SequenceTrack {

  /** How long a batch is waited for before it is taken for missing: backups may be slow. */
  private static final long PATIENCE_NANOS = 200_000_000;

  private static final long MAX_HELD_SAMPLES = 200_000;

  private final TreeMap<Long, AppendedSamples> held = new TreeMap<>(Long::compareUnsigned);
  private long heldSamples;
  private long heldSinceNanos;
  private long through;

  /**
   * @param through the sequence of the last batch that was judged
   */
  SequenceTrack(long through) {
    this.through = through;
  }

  long through() {
    return through;
  }

  /** Adds a batch; one that was judged is ignored. */
  void add(AppendedSamples batch, long nowNanos) {
    if (Long.compareUnsigned(batch.sequence(), through) <= 0) {
      return;
    }
    if (held.isEmpty()) {
      heldSinceNanos = nowNanos;
    }
    if (held.put(batch.sequence(), batch) == null) {
      heldSamples += batch.size();
    }
  }

  /** Returns the next batch in order; null when it is not there. */
  AppendedSamples next(long nowNanos) {
    if (held.isEmpty() || !follows(held.firstKey())) {
      return null;
    }
    AppendedSamples batch = held.pollFirstEntry().getValue();
    heldSamples -= batch.size();
    heldSinceNanos = nowNanos;
    through = batch.sequence();
    return batch;
  }

  private boolean follows(long sequence) {
    boolean sameEpoch = sequence >>> 32 == through >>> 32;
    // A shard begins a new epoch with the first batch that its owner numbers.
    return sameEpoch ? sequence == through + 1 : (sequence & 0xFFFFFFFFL) == 1;
  }

  /** Tells whether a batch was waited for in vain. */
  boolean isGap(long nowNanos) {
    return !held.isEmpty()
        && (nowNanos - heldSinceNanos >= PATIENCE_NANOS || heldSamples > MAX_HELD_SAMPLES);
  }

  /** Returns the batches that are held up to a sequence, in order; they stay. */
  List<AppendedSamples> heldThrough(long sequence) {
    return List.copyOf(held.headMap(sequence, true).values());
  }

  /** Goes on after a sequence: all up to it was judged. */
  void skipTo(long sequence) {
    if (Long.compareUnsigned(sequence, through) > 0) {
      through = sequence;
    }
    while (!held.isEmpty() && Long.compareUnsigned(held.firstKey(), through) <= 0) {
      heldSamples -= held.pollFirstEntry().getValue().size();
    }
  }
}
