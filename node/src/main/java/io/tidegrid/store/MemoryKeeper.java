package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keeps what this member holds compact and within bounds: seals closed blocks, of its own shards
 * and of the backups of others alike, and lets old blocks leave. Looks at all blocks several times
 * a second, on threads of its own; stops with the member.
 *
 * <p>Sealing changes the form of a copy, not its content, so each member does it for itself, when
 * it likes. A block is due a while after its end; the shards take turns, lest all seal at the same
 * moment. Blocks that late samples, an import or a restart filled are sealed (again) once they are
 * left in peace, or when what is open has outgrown what is sealed.
 */
final class MemoryKeeper implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(MemoryKeeper.class.getName());

  private static final long INTERVAL_MS = 200;

  /** How long a closed block must not have changed before it is sealed. */
  private static final long QUIET_MS = 30_000;

  /** The time over which the shards' turns to seal the block that just closed are spread. */
  private static final long SPREAD_MS = 300_000;

  /**
   * An open part of this size is sealed even if it goes on changing. Less made an import seal the
   * same blocks several times over, for a seventh of its CPU.
   */
  private static final long BIG_BYTES = 8 << 20;

  /** Smaller open parts are not worth sealing early, however scarce memory is. */
  private static final long SMALL_BYTES = 16 << 10;

  /** Bounds how long a pass seals before it looks again at what should leave. */
  private static final long PASS_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final HazelcastInstance hazelcast;
  private final LocalShards local;
  private final BlockEvictor evictor;
  private final BlockAges ages = new BlockAges();
  private final Timer sealing;
  private final int workers = Math.clamp(Runtime.getRuntime().availableProcessors() / 4, 1, 4);
  private final ExecutorService pool = Executors.newFixedThreadPool(workers, threads());
  private final Thread thread;
  private volatile ShardSize size = new ShardSize();
  private volatile boolean closed;

  MemoryKeeper(
      HazelcastInstance hazelcast, LocalShards local, BlockEvictor evictor, MeterRegistry meters) {
    this.hazelcast = hazelcast;
    this.local = local;
    this.evictor = evictor;
    this.sealing =
        Timer.builder("tidegrid.blocks.seal")
            .description("Time taken to seal one block of one shard")
            .register(meters);
    bind(meters);
    this.thread = background("tidegrid-memory").start(this::run);
  }

  private static ThreadFactory threads() {
    AtomicInteger number = new AtomicInteger();
    return work -> background("tidegrid-seal-" + number.getAndIncrement()).unstarted(work);
  }

  // Nothing relies on the priority; where the system heeds it, requests go first.
  @SuppressWarnings("ThreadPriorityCheck")
  private static Thread.Builder background(String name) {
    return Thread.ofPlatform().daemon().priority(Thread.MIN_PRIORITY).name(name);
  }

  private void bind(MeterRegistry meters) {
    Gauge.builder("tidegrid.memory.bytes", this, keeper -> keeper.size.bytes)
        .description("Heap taken by all copies of shards on this member, backups included")
        .baseUnit("bytes")
        .register(meters);
    Gauge.builder("tidegrid.memory.bytes.max", evictor, BlockEvictor::maxBytes)
        .description("Above this the oldest blocks leave memory")
        .baseUnit("bytes")
        .register(meters);
    Gauge.builder("tidegrid.blocks.open", this, keeper -> keeper.size.openBlocks)
        .description("Blocks not sealed yet, backups included")
        .register(meters);
    Gauge.builder("tidegrid.blocks.sealed", this, keeper -> keeper.size.sealedBlocks)
        .description("Sealed blocks, backups included")
        .register(meters);
    Gauge.builder("tidegrid.blocks.sealed.samples", this, keeper -> keeper.size.sealedSamples)
        .description("Samples in sealed blocks, backups included")
        .register(meters);
  }

  private void run() {
    while (!closed && hazelcast.getLifecycleService().isRunning()) {
      try {
        pass();
        TimeUnit.MILLISECONDS.sleep(INTERVAL_MS);
      } catch (InterruptedException e) {
        break;
      } catch (RuntimeException e) {
        if (!closed && hazelcast.getLifecycleService().isRunning()) {
          LOG.log(System.Logger.Level.WARNING, "a look at the blocks in memory failed", e);
        }
      }
    }
    pool.shutdownNow();
  }

  /** One block of one copy that is to be sealed. */
  private record Due(Shard shard, Block block) {}

  private void pass() throws InterruptedException {
    long now = local.nowMs();
    List<Block> all = new ArrayList<>();
    List<Shard> shards = new ArrayList<>();
    ShardSize sum = new ShardSize();
    for (int number = 0; number < local.replicas().shards(); number++) {
      Shard shard = local.replicas().find(number).orElse(null);
      shards.add(shard);
      if (shard != null) {
        shard.addTo(sum);
        all.addAll(List.of(shard.blocks()));
      }
    }
    size = sum;
    ages.look(all, now);
    boolean scarce = isScarce(sum);
    List<Due> due = new ArrayList<>();
    for (int number = 0; number < shards.size(); number++) {
      Shard shard = shards.get(number);
      if (shard != null) {
        for (Block block : shard.blocks()) {
          if (isDue(number, block, now, scarce) || isBack(shard, block)) {
            due.add(new Due(shard, block));
          }
        }
      }
    }
    if (!due.isEmpty()) {
      due.sort(Comparator.comparingLong(one -> one.block.startMs()));
      seal(due);
      size = local.replicas().size();
    }
    evictor.evict(now, size.bytes, ages);
  }

  private boolean isScarce(ShardSize sum) {
    return sum.bytes > evictor.scarceBytes();
  }

  /** Returns what all copies held here took at the last look. */
  long bytes() {
    return size.bytes;
  }

  /** Tells whether little is left of what samples may take, counted now. */
  boolean isScarce() {
    return isScarce(local.replicas().size());
  }

  /** Tells whether a block is back whole from the database, and not sealed yet. */
  private static boolean isBack(Shard shard, Block block) {
    return block.state().sealed() == null && shard.reloaded().isWhole(block.startMs());
  }

  private boolean isDue(int number, Block block, long now, boolean scarce) {
    Block.State state = block.state();
    if (state.open() == null) {
      return false;
    }
    long closedAt = block.endMs() + local.options().maxFuture().toMillis();
    long openBytes = state.open().heapBytes();
    if (scarce && now >= closedAt && openBytes >= SMALL_BYTES) {
      return true;
    }
    long turn = state.sealed() == null ? SPREAD_MS * number / local.replicas().shards() : 0;
    if (now < closedAt + turn) {
      return false;
    }
    long sealedBytes = state.sealed() == null ? 0 : state.sealed().heapBytes();
    return ages.quietMs(block, now) >= QUIET_MS || openBytes >= Math.max(BIG_BYTES, sealedBytes);
  }

  /** Seals as many as a pass has time for; the others are due the next time. */
  private void seal(List<Due> due) throws InterruptedException {
    long until = System.nanoTime() + PASS_NANOS;
    AtomicInteger next = new AtomicInteger();
    Callable<Integer> work =
        () -> {
          int done = 0;
          while (!closed && System.nanoTime() < until) {
            int at = next.getAndIncrement();
            if (at >= due.size()) {
              break;
            }
            Due one = due.get(at);
            done += sealing.recordCallable(() -> one.shard.seal(one.block)) ? 1 : 0;
          }
          return done;
        };
    List<Callable<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      tasks.add(work);
    }
    for (Future<Integer> result : pool.invokeAll(tasks)) {
      try {
        int ignored = result.get();
      } catch (ExecutionException e) {
        LOG.log(System.Logger.Level.WARNING, "a block could not be sealed, again later", e);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
