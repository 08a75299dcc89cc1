package io.tidegrid.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.store.BlockReload.AbandonedException;
import io.tidegrid.store.DemandTable.Place;
import io.tidegrid.store.ReloadedBlocks.ReloadedBlock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Takes blocks that memory gave up back from the database while they are asked for often: those of
 * this member's shards, one at a time, on a thread of its own, and only into room that nothing else
 * needs. A block that came back leaves when it was not asked for in a while, when memory is scarce,
 * before all others and those first that were not asked for the longest, and when it is not kept
 * any more. Like all blocks it leaves only with everything committed.
 *
 * <p>A reload that did not come to its end, because its member died or lost the shard, is found
 * here by the shard's present owner and dropped.
 */
final class BlockReloader implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(BlockReloader.class.getName());

  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final long STEP_TIMEOUT_SECONDS = 10;

  /** What a series takes in a block that is not sealed, beside its chunks: room for 120 samples. */
  private static final long OPEN_BYTES_A_SERIES = 2_000;

  /** Full doubles. */
  private static final long BYTES_A_SAMPLE = 8;

  /** A sample every ten seconds. */
  private static final long USUAL_SAMPLES_A_SERIES = 720;

  private final HazelcastInstance hazelcast;
  private final LocalShards local;
  private final BlockEvictor evictor;
  private final MemoryKeeper keeper;
  private final BlockSource source;
  private final ReloadOptions options;
  private final DemandTable demand;
  private final ReloadMeters meters;
  private final Semaphore wake = new Semaphore(0);

  /** By their tokens, when blocks that are here were last asked for. */
  private Map<Long, Long> lastRead = new HashMap<>();

  private long current;
  private long tidiedNanos = System.nanoTime();
  private final Thread thread;
  private volatile boolean closed;

  BlockReloader(
      HazelcastInstance hazelcast,
      LocalShards local,
      BlockEvictor evictor,
      MemoryKeeper keeper,
      BlockSource source,
      ReloadOptions options,
      MeterRegistry registry) {
    this.hazelcast = hazelcast;
    this.local = local;
    this.evictor = evictor;
    this.keeper = keeper;
    this.source = source;
    this.options = options;
    this.demand = new DemandTable(options, local::now, wake::release);
    this.meters = new ReloadMeters(demand, registry);
    this.thread = Thread.ofPlatform().daemon().name("tidegrid-reload").start(this::run);
  }

  /** Returns what is to be told of questions that memory could not answer. */
  BlockDemand demand() {
    return demand;
  }

  private boolean isRunning() {
    return !closed && hazelcast.getLifecycleService().isRunning();
  }

  private void run() {
    while (isRunning()) {
      try {
        tidy();
        Optional<Place> next = demand.take();
        if (next.isPresent()) {
          reload(next.get());
        } else if (wake.tryAcquire(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
          int ignored = wake.drainPermits();
        }
      } catch (InterruptedException | HazelcastInstanceNotActiveException e) {
        return;
      } catch (RuntimeException e) {
        if (isRunning()) {
          LOG.log(System.Logger.Level.WARNING, "looking after reloaded blocks failed", e);
        }
      }
    }
  }

  private void reload(Place place) throws InterruptedException {
    Shard shard = local.replicas().find(place.shard()).orElse(null);
    if (shard == null || !local.owns(place.shard()) || !mayComeBack(shard, place.startMs())) {
      return;
    }
    if (local.replicas().size().bytes + estimate(shard) > evictor.scarceBytes()) {
      meters.noRoom();
      return;
    }
    long start = System.nanoTime();
    BlockReload reload = new BlockReload(local, evictor::isCommitted, source, place, this::pause);
    current = reload.token();
    try {
      BlockReload.Content content = reload.run();
      lastRead.put(reload.token(), local.nowMs());
      meters.reloaded(content, System.nanoTime() - start);
      tidy();
    } catch (AbandonedException e) {
      meters.failed();
      LOG.log(System.Logger.Level.DEBUG, "{0} was not reloaded: {1}", place, e.getMessage());
    } catch (RuntimeException e) {
      if (isRunning()) {
        meters.failed();
        LOG.log(
            System.Logger.Level.DEBUG,
            "a block that is asked for often stays in the database for now",
            e);
      }
    } finally {
      current = 0;
    }
  }

  /** Called between the steps of a reload. */
  private void pause() {
    if (!isRunning()) {
      throw new AbandonedException("the node stops");
    }
    if (keeper.isScarce()) {
      throw new AbandonedException("memory became scarce");
    }
    if (System.nanoTime() - tidiedNanos > INTERVAL.toNanos()) {
      try {
        tidy();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AbandonedException("the node stops");
      }
    }
  }

  private boolean mayComeBack(Shard shard, long startMs) {
    long end = startMs + BlockSpan.LENGTH_MS;
    return shard.isRestored()
        && end + local.options().maxFuture().toMillis() <= local.nowMs()
        && startMs < shard.wholeFromMs()
        && !shard.reloaded().holds(startMs)
        && source.keeps(startMs);
  }

  /** Judges by the largest block of the shard that is in memory. */
  private static long estimate(Shard shard) {
    long series = shard.directory().size();
    long samples = 0;
    for (Block block : shard.blocks()) {
      samples = Math.max(samples, block.samples());
    }
    if (samples == 0) {
      samples = series * USUAL_SAMPLES_A_SERIES;
    }
    return Math.min(series, samples) * OPEN_BYTES_A_SERIES + samples * BYTES_A_SAMPLE;
  }

  /** A block that is here by a reload. */
  private record Held(int shard, Block block, long token, long lastReadMs) {}

  /** Lets go what is not to stay. */
  private void tidy() throws InterruptedException {
    tidiedNanos = System.nanoTime();
    long now = local.nowMs();
    List<Held> whole = new ArrayList<>();
    Map<Long, Long> reads = new HashMap<>();
    for (int number : local.owned()) {
      Shard shard = local.replicas().find(number).orElse(null);
      if (shard == null || shard.reloaded().all().isEmpty()) {
        continue;
      }
      for (Block block : shard.blocks()) {
        ReloadedBlock found = shard.reloaded().find(block.startMs()).orElse(null);
        if (found == null || found.token() == current) {
          continue;
        }
        long last = lastRead.getOrDefault(found.token(), now);
        if (block.takeRead() || last > now) {
          last = now;
        }
        reads.put(found.token(), last);
        Held held = new Held(number, block, found.token(), last);
        if (!found.whole()
            || last + options.keep().toMillis() <= now
            || !source.keeps(block.startMs())) {
          drop(held);
        } else {
          whole.add(held);
        }
      }
    }
    lastRead = reads;
    dropForRoom(whole);
    meters.held(whole.size(), whole.stream().map(Held::block).mapToLong(Block::heapBytes).sum());
  }

  private void dropForRoom(List<Held> whole) throws InterruptedException {
    if (whole.isEmpty()) {
      return;
    }
    long excess = local.replicas().size().bytes - evictor.scarceBytes();
    whole.sort(Comparator.comparingLong(Held::lastReadMs));
    for (Held held : List.copyOf(whole)) {
      if (excess <= 0) {
        break;
      }
      excess -= held.block.heapBytes();
      if (drop(held)) {
        whole.remove(held);
      }
    }
  }

  private boolean drop(Held held) throws InterruptedException {
    // The sequence first: a batch that comes in between makes the block stay.
    long through = held.block.lastSequence();
    if (through != 0 && !evictor.isCommitted(held.shard, through)) {
      return false;
    }
    try {
      long result =
          local
              .map()
              .submitToKey(
                  local.key(held.shard),
                  ReloadProcessor.drop(held.block.startMs(), held.token, through))
              .toCompletableFuture()
              .get(STEP_TIMEOUT_SECONDS, TimeUnit.SECONDS);
      if (result != ReloadProcessor.REFUSED) {
        meters.dropped();
        return true;
      }
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(System.Logger.Level.DEBUG, "a reloaded block leaves memory later", e);
    }
    return false;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
