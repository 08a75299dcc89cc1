package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.store.ReloadedBlocks.ReloadedBlock;
import java.io.IOException;

/**
 * What a shard knows of being whole. Changed under the shard's lock; read by any thread without
 * one.
 */
final class Wholeness {

  private volatile long wholeFromMs;
  private volatile boolean directoryWhole;
  private volatile boolean samplesRestored;

  /**
   * The latest of the samples that memory did not keep; whatever is restored, it is not among it.
   */
  private volatile long passedThroughMs = Long.MIN_VALUE;

  /** The end of the latest block that memory gave up while the database had it. */
  private volatile long evictedToMs = Long.MIN_VALUE;

  private volatile ReloadedBlocks reloaded = ReloadedBlocks.NONE;

  Wholeness(long wholeFromMs, boolean directoryWhole) {
    this.wholeFromMs = wholeFromMs;
    this.directoryWhole = directoryWhole;
    this.samplesRestored = directoryWhole;
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

  boolean directoryWhole() {
    return directoryWhole;
  }

  boolean isRestored() {
    return directoryWhole && samplesRestored;
  }

  /** Returns the end of the latest block that memory gave up while the database had it. */
  long evictedToMs() {
    return evictedToMs;
  }

  ReloadedBlocks reloaded() {
    return reloaded;
  }

  Coverage coverage() {
    return new Coverage(wholeFromMs(), reloaded);
  }

  void directoryRestored() {
    directoryWhole = true;
  }

  void restoredFrom(long fromMs) {
    wholeFromMs = Math.min(wholeFromMs, fromMs);
    samplesRestored = true;
  }

  /** Takes note of samples that memory did not keep. */
  void passed(long throughMs) {
    passedThroughMs = Math.max(passedThroughMs, throughMs);
  }

  /**
   * Takes note that a block leaves. To be called before it goes, so that no reader takes its
   * absence for nothing being there.
   *
   * @param elsewhere whether the database has it
   */
  void leaves(long startMs, boolean elsewhere) {
    reloaded = reloaded.without(startMs);
    if (elsewhere) {
      evictedToMs = Math.max(evictedToMs, startMs + BlockSpan.LENGTH_MS);
    }
  }

  void put(ReloadedBlock block) {
    reloaded = reloaded.with(block);
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLong(wholeFromMs);
    out.writeBoolean(directoryWhole);
    out.writeBoolean(samplesRestored);
    out.writeLong(passedThroughMs);
    out.writeLong(evictedToMs);
    reloaded.write(out);
  }

  void read(ObjectDataInput in) throws IOException {
    wholeFromMs = in.readLong();
    directoryWhole = in.readBoolean();
    samplesRestored = in.readBoolean();
    passedThroughMs = in.readLong();
    evictedToMs = in.readLong();
    reloaded = ReloadedBlocks.read(in);
  }
}
