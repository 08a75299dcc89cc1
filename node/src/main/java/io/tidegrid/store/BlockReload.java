package io.tidegrid.store;

import io.tidegrid.store.DemandTable.Place;
import java.io.Serial;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Reads one block back from the database, on the owner of its shard. Used by one thread.
 *
 * <p>First the shard takes note that the block comes, on the owner and its backups alike; from then
 * on what is written to the block is in memory, as what is written to any block is. Then everything
 * that was written before has to be committed: the batches up to the sequence that the shard had at
 * that moment. A batch enters the journal in the turn of the shard's thread in which it is
 * numbered, so the look at the journal finds all that are not. What is read of the database after
 * that has all samples that are not in memory, and of those that are in both memory's is the newer
 * one, so that it stays. If the shard's state is lost, moves without a step, or the block is
 * evicted, the token of this reload is gone with it, and the steps that follow are refused.
 */
final class BlockReload {

  /** What a reload brought. */
  record Content(long samples, long bytes) {}

  /** Says that a reload cannot be finished. */
  static final class AbandonedException extends RuntimeException {

    @Serial private static final long serialVersionUID = 1L;

    AbandonedException(String message) {
      super(message, null, false, false);
    }
  }

  /** Bounds what is read at a time of a block whose size is not known. */
  private static final int SERIES_AT_ONCE = 5_000;

  /** Bounds how long the shard's thread is kept from other work. */
  private static final int SAMPLES_AT_ONCE = 20_000;

  private static final long COMMIT_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final long POLL_MS = 50;
  private static final long STEP_TIMEOUT_SECONDS = 30;

  private final LocalShards local;
  private final CommitWatermark commits;
  private final BlockSource source;
  private final Place place;
  private final Runnable between;
  private final long token = LocalShards.newToken();
  private final long[] ids = new long[SAMPLES_AT_ONCE];
  private final long[] times = new long[SAMPLES_AT_ONCE];
  private final double[] values = new double[SAMPLES_AT_ONCE];
  private int size;
  private int parts;
  private long samples;

  /**
   * @param between run every now and then; throws {@link AbandonedException} to end the reload
   */
  BlockReload(
      LocalShards local,
      CommitWatermark commits,
      BlockSource source,
      Place place,
      Runnable between) {
    this.local = local;
    this.commits = commits;
    this.source = source;
    this.place = place;
    this.between = between;
  }

  /** Returns what names this reload among all. */
  long token() {
    return token;
  }

  /**
   * Reads the block back.
   *
   * @throws AbandonedException when the block has to stay in the database for now
   * @throws RuntimeException what the source throws
   */
  Content run() throws InterruptedException {
    Shard shard = copy();
    Block present = shard.blocks().length == 0 ? null : find(shard);
    long through = present == null ? 0 : present.lastSequence();
    if (through != 0 && !commits.isCommitted(place.shard(), through)) {
      throw new AbandonedException("late samples of it are not committed yet");
    }
    long before =
        step(
            ReloadProcessor.begin(place.startMs(), token, through), "memory has it, or lacks more");
    try {
      awaitCommitted(before);
      // Entered before the reload began, or all samples of theirs are in memory.
      long[] series = copy().directory().ids();
      for (int from = 0; from < series.length; from += SERIES_AT_ONCE) {
        between.run();
        long[] some =
            Arrays.copyOfRange(series, from, Math.min(series.length, from + SERIES_AT_ONCE));
        source.read(place.shard(), some, place.startMs(), this::accept);
      }
      flush();
      long ended = step(ReloadProcessor.end(place.startMs(), token, parts), "it was given up");
      return new Content(samples, ended == 0 ? bytes() : 0);
    } catch (RuntimeException e) {
      drop();
      throw e;
    }
  }

  private Shard copy() {
    return local
        .replicas()
        .find(place.shard())
        .filter(shard -> local.owns(place.shard()))
        .orElseThrow(() -> new AbandonedException("the shard moved to another member"));
  }

  private Block find(Shard shard) {
    for (Block block : shard.blocks()) {
      if (block.startMs() == place.startMs()) {
        return block;
      }
    }
    return null;
  }

  private long bytes() {
    Block block = find(copy());
    return block == null ? 0 : block.heapBytes();
  }

  private void awaitCommitted(long sequence) throws InterruptedException {
    long start = System.nanoTime();
    while (!commits.isCommitted(place.shard(), sequence)) {
      if (System.nanoTime() - start > COMMIT_TIMEOUT_NANOS) {
        throw new AbandonedException("what was written before is not committed");
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
      between.run();
      Shard ignored = copy();
    }
  }

  private void accept(long id, SampleBuffer found) {
    for (int i = 0; i < found.size(); i++) {
      long time = found.times()[i];
      if (BlockSpan.startOf(time) != place.startMs()) {
        continue;
      }
      if (size == SAMPLES_AT_ONCE) {
        flush();
      }
      ids[size] = id;
      times[size] = time;
      values[size++] = found.values()[i];
    }
  }

  private void flush() {
    if (size == 0) {
      return;
    }
    between.run();
    ShardBatch batch = new ShardBatch(0, false, size, ids, times, values, new int[0], List.of());
    try {
      long ignored =
          step(ReloadProcessor.part(place.startMs(), token, parts, batch), "it was given up");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AbandonedException("the node stops");
    }
    parts++;
    samples += size;
    size = 0;
  }

  private long step(ReloadProcessor step, String whyRefused) throws InterruptedException {
    Shard ignored = copy();
    long result;
    try {
      result =
          local
              .map()
              .submitToKey(local.key(place.shard()), step)
              .toCompletableFuture()
              .get(STEP_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("a step of a reload did not get through", e);
    }
    if (result == ReloadProcessor.REFUSED) {
      throw new AbandonedException(whyRefused);
    }
    return result;
  }

  /** What cannot be dropped now is found by its owner, whoever that is then. */
  private void drop() {
    try {
      Block block = find(copy());
      if (block != null) {
        long through = block.lastSequence();
        if (through == 0 || commits.isCommitted(place.shard(), through)) {
          long ignored = step(ReloadProcessor.drop(place.startMs(), token, through), "it is gone");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      System.getLogger(BlockReload.class.getName())
          .log(System.Logger.Level.DEBUG, "what was reloaded of a block is dropped later", e);
    }
  }
}
