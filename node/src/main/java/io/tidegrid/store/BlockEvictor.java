package io.tidegrid.store;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Lets blocks of the shards that this member owns leave memory: those past its retention, and,
 * while the copies held here take more than the bound, the oldest of all. A block leaves only when
 * its last batch is committed. Used by one thread.
 *
 * <p>Where a shard's oldest block has to stay, its younger ones stay too, since a shard is whole
 * from a time on. A block that is not whole anyway holds up none. Blocks that were read back from
 * the database are left to the {@link BlockReloader}.
 */
final class BlockEvictor {

  private static final System.Logger LOG = System.getLogger(BlockEvictor.class.getName());

  /** Longer than a batch takes from its number to the journal, where the watermark looks. */
  private static final long SETTLED_MS = 10_000;

  /** The highest one there is. */
  static final long ANY_SEQUENCE = -1;

  private static final long TIMEOUT_SECONDS = 10;
  private static final long COMPLAINT_INTERVAL_MS = 60_000;

  private final LocalShards local;
  private final long maxBytes;
  private final Counter evicted;
  private volatile CommitWatermark watermark;
  private long complainedAtMs = Long.MIN_VALUE;

  BlockEvictor(LocalShards local, long maxBytes, MeterRegistry meters) {
    this.local = local;
    this.maxBytes = maxBytes;
    // Nothing is known yet. Without a database nobody is asked.
    this.watermark = (shard, sequence) -> false;
    this.evicted =
        Counter.builder("tidegrid.blocks.evicted")
            .description("Blocks that left memory, of shards owned by this member")
            .register(meters);
  }

  void commitsToldBy(CommitWatermark teller) {
    this.watermark = teller;
  }

  /** Tells whether every batch of a shard of this member up to a sequence is committed. */
  boolean isCommitted(int shard, long sequence) {
    return watermark.isCommitted(shard, sequence);
  }

  /** Returns above how many bytes little is left. */
  long scarceBytes() {
    return maxBytes - (maxBytes >> 3);
  }

  long maxBytes() {
    return maxBytes;
  }

  /** A block that may leave. */
  private record Candidate(int shard, Block block, long through) {}

  /**
   * Evicts what is due.
   *
   * @param bytes what the copies held here take now
   */
  void evict(long nowMs, long bytes, BlockAges ages) throws InterruptedException {
    Map<Integer, List<Candidate>> leaving = new HashMap<>();
    long expired = nowMs - local.options().memoryRetention().toMillis();
    List<Candidate> closed = new ArrayList<>();
    for (int number : local.owned()) {
      local
          .replicas()
          .find(number)
          .ifPresent(
              shard -> closed.addAll(candidates(number, shard, nowMs, expired, bytes, ages)));
    }
    closed.sort(Comparator.comparingLong(candidate -> candidate.block.startMs()));
    long excess = bytes - maxBytes;
    for (Candidate candidate : closed) {
      boolean old = candidate.block.endMs() <= expired;
      if (!old && excess <= 0) {
        break;
      }
      excess -= candidate.block.heapBytes();
      leaving.computeIfAbsent(candidate.shard, shard -> new ArrayList<>()).add(candidate);
    }
    for (Map.Entry<Integer, List<Candidate>> entry : leaving.entrySet()) {
      drop(entry.getKey(), entry.getValue());
    }
    if (excess > 0) {
      complain(nowMs, bytes);
    }
  }

  /** Returns the blocks of a shard that may go, the oldest first. */
  private List<Candidate> candidates(
      int number, Shard shard, long nowMs, long expired, long bytes, BlockAges ages) {
    List<Candidate> found = new ArrayList<>();
    long wholeFrom = shard.wholeFromMs();
    long maxFuture = local.options().maxFuture().toMillis();
    for (Block block : shard.blocks()) {
      if (shard.reloaded().holds(block.startMs())) {
        // Older than what is evicted as a rule, and looked after by the reloader.
        continue;
      }
      boolean asked =
          block.endMs() <= expired || (bytes > maxBytes && block.endMs() + maxFuture <= nowMs);
      if (!asked) {
        break;
      }
      // The sequence first: a batch that comes in between makes the block stay.
      long through = local.options().database() ? block.lastSequence() : ANY_SEQUENCE;
      if (through == ANY_SEQUENCE
          || (ages.quietMs(block, nowMs) >= SETTLED_MS && watermark.isCommitted(number, through))) {
        found.add(new Candidate(number, block, through));
      } else if (block.startMs() >= wholeFrom) {
        break;
      }
    }
    return found;
  }

  private void drop(int shard, Collection<Candidate> blocks) throws InterruptedException {
    long[] starts = blocks.stream().mapToLong(candidate -> candidate.block.startMs()).toArray();
    long[] through = blocks.stream().mapToLong(Candidate::through).toArray();
    try {
      int gone =
          local
              .map()
              .submitToKey(
                  local.key(shard), new EvictProcessor(starts, through, local.options().database()))
              .toCompletableFuture()
              .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      evicted.increment(gone);
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(System.Logger.Level.DEBUG, "blocks leave memory later", e);
    }
  }

  private void complain(long nowMs, long bytes) {
    if (complainedAtMs == Long.MIN_VALUE || nowMs - complainedAtMs >= COMPLAINT_INTERVAL_MS) {
      complainedAtMs = nowMs;
      LOG.log(
          System.Logger.Level.WARNING,
          "samples take {0} MiB of memory, more than memory.max ({1} MiB), and no block may leave:"
              + " the oldest are not committed yet, or everything is recent",
          bytes >> 20,
          maxBytes >> 20);
    }
  }
}
