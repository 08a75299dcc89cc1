package io.tidegrid.alerting;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.Partition;
import com.hazelcast.query.Predicates;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.RuleEntry;
import io.tidegrid.grid.SilenceEntry;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;

/**
 * What a member does for alerts without being asked: it loads rules and silences when they can be
 * loaded, mends what of them got lost, counts the alerts of its shards, tells receivers outside
 * what no queue holds, and again what fires, and drops what is over.
 */
final class Upkeep implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Upkeep.class.getName());

  private static final long LOAD_MS = 50;
  private static final long ROUND_MS = 1_000;
  private static final long LONGEST_ROUND_MS = 15_000;
  private static final long REPAIR_ROUNDS = 60;

  /** So long an ended alert waits for a receiver that does not come back. */
  private static final Duration PATIENCE = Duration.ofDays(1);

  private final HazelcastInstance hazelcast;
  private final IntUnaryOperator partitionKey;
  private final Parts parts;
  private final Function<AlertState, Alert> rendering;
  private final Duration resendInterval;
  private final InstantSource clock;
  private final MultiGauge bySeverity;
  private final Semaphore wake = new Semaphore(0);
  private final CountDownLatch loaded = new CountDownLatch(1);
  private final Thread thread;
  private final List<Partition> partitions;
  private final Set<Integer> restored = new HashSet<>();
  private long resendAtNanos;
  private long rounds;
  private long pauseMs = ROUND_MS;
  private volatile boolean repairSoon;
  private volatile boolean closed;
  private volatile Counts counts = new Counts(Map.of(), Map.of(), 0);

  /** Alerts of this member's shards, the active ones by severity. */
  private record Counts(Map<String, Long> pending, Map<String, Long> firing, long resolved) {}

  /** What one look at all of them comes to. */
  private static final class Look {
    final Map<String, Long> pending = new TreeMap<>();
    final Map<String, Long> firing = new TreeMap<>();
    final List<GridLedger.Known> untold = new ArrayList<>();
    final List<GridLedger.Known> toRepeat = new ArrayList<>();
    final boolean repeating;
    long resolved;

    Look(boolean repeating) {
      this.repeating = repeating;
    }
  }

  /** What is kept up. */
  record Parts(
      SharedTable<RuleEntry> rules,
      SharedTable<SilenceEntry> silenceTable,
      GridSilences silences,
      GridLedger ledger,
      IMap<AlertKey, StateEntry> states,
      Notifiers notifiers) {}

  Upkeep(
      HazelcastInstance hazelcast,
      IntUnaryOperator partitionKey,
      Parts parts,
      Function<AlertState, Alert> rendering,
      AlertCenterOptions options,
      MeterRegistry meters,
      InstantSource clock) {
    this.hazelcast = hazelcast;
    this.partitionKey = partitionKey;
    this.parts = parts;
    this.rendering = rendering;
    this.resendInterval = options.resendInterval();
    this.clock = clock;
    this.partitions = List.copyOf(hazelcast.getPartitionService().getPartitions());
    this.bySeverity =
        MultiGauge.builder("tidegrid.alerts.active")
            .description("Pending and firing alerts of the shards that this member owns")
            .register(meters);
    Gauge.builder("tidegrid.alerts.resolved", this, any -> any.counts.resolved)
        .description("Resolved alerts that are remembered for a while")
        .register(meters);
    this.resendAtNanos = System.nanoTime() + resendInterval.toNanos();
    this.thread = Thread.ofPlatform().daemon().name("tidegrid-alert-upkeep").unstarted(this::run);
  }

  /** Returns how many alerts of this member's shards fire, by severity; a second old at most. */
  Map<String, Long> firing() {
    return counts.firing;
  }

  void start() {
    thread.start();
  }

  /** Waits until rules and silences are known; tells whether they are. */
  boolean awaitLoaded(Duration within) throws InterruptedException {
    return loaded.await(within.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Says that members were lost, and maybe what they alone knew. */
  void repairSoon() {
    repairSoon = true;
    wake.release();
  }

  private void run() {
    while (!closed) {
      boolean known = false;
      try {
        known = load();
        if (known) {
          round();
        }
      } catch (RuntimeException e) {
        if (closed || !hazelcast.getLifecycleService().isRunning()) {
          return;
        }
        LOG.log(System.Logger.Level.DEBUG, "the upkeep of alerts failed, again soon", e);
      }
      try {
        boolean ignored = wake.tryAcquire(known ? pauseMs : LOAD_MS, TimeUnit.MILLISECONDS);
        int all = wake.drainPermits();
        rounds += all >= 0 ? 1 : 0;
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private boolean load() {
    if (parts.rules.isLoaded() && parts.silenceTable.isLoaded()) {
      return true;
    }
    parts.rules.load();
    parts.silenceTable.load();
    loaded.countDown();
    LOG.log(
        System.Logger.Level.DEBUG,
        "{0} alert rules are loaded",
        Integer.toString(parts.rules.all().size()));
    return true;
  }

  private void round() {
    if (repairSoon || rounds % REPAIR_ROUNDS == REPAIR_ROUNDS - 1) {
      repairSoon = false;
      parts.rules.repair();
      parts.silenceTable.repair();
      if (isOwned(0)) {
        parts.silences.dropEnded();
      }
    }
    look();
    restore();
  }

  private boolean isOwned(int shard) {
    return hazelcast.getCluster().getLocalMember().equals(partition(shard).getOwner());
  }

  private Partition partition(int shard) {
    return partitions.stream()
        .filter(partition -> partition.getPartitionId() == shard)
        .findFirst()
        .orElseThrow();
  }

  /**
   * Loads how alerts stand before anybody needs it, so that a database that goes away afterwards
   * keeps nothing from being evaluated.
   */
  private void restore() {
    for (int shard = 0; shard < partitions.size(); shard++) {
      if (isOwned(shard) && !restored.contains(shard)) {
        parts.ledger.restore(shard);
        restored.add(shard);
      } else if (!isOwned(shard)) {
        restored.remove(shard);
      }
    }
  }

  private void look() {
    long start = System.nanoTime();
    Look look = new Look(parts.notifiers.repeats() && start >= resendAtNanos);
    for (int shard = 0; shard < partitions.size(); shard++) {
      if (isOwned(shard)) {
        parts
            .states
            .entrySet(
                Predicates.partitionPredicate(
                    partitionKey.applyAsInt(shard), Predicates.alwaysTrue()))
            .forEach(entry -> look(entry.getKey(), entry.getValue(), look));
      }
    }
    counts = new Counts(Map.copyOf(look.pending), Map.copyOf(look.firing), look.resolved);
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    look.pending.forEach((severity, count) -> rows.add(row("pending", severity, count)));
    look.firing.forEach((severity, count) -> rows.add(row("firing", severity, count)));
    bySeverity.register(rows, true);
    parts.notifiers.tell(look.untold);
    if (look.repeating) {
      resendAtNanos = start + resendInterval.toNanos();
      parts.notifiers.repeat(look.toRepeat);
    }
    // With very many alerts it looks less often rather than take more than some percents of a core.
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    pauseMs = Math.clamp(took * 20, ROUND_MS, LONGEST_ROUND_MS);
  }

  private static MultiGauge.Row<?> row(String state, String severity, long count) {
    return MultiGauge.Row.of(Tags.of("state", state, "severity", severity), count);
  }

  private void look(AlertKey key, StateEntry entry, Look look) {
    AlertState state = entry.state();
    boolean awaited = parts.notifiers.isAwaited(entry);
    if (entry.ended()) {
      sweep(key, entry, awaited);
    }
    if (state.phase() == AlertPhase.RESOLVED) {
      look.resolved += entry.ended() ? 0 : 1;
      if (!awaited) {
        return;
      }
    }
    if (state.phase() == AlertPhase.PENDING) {
      var _ = look.pending.merge(severity(state), 1L, Long::sum);
    } else if (state.phase() == AlertPhase.FIRING) {
      var _ = look.firing.merge(severity(state), 1L, Long::sum);
    }
    boolean repeated = look.repeating && state.phase() == AlertPhase.FIRING;
    if (!awaited && !repeated) {
      return;
    }
    Alert alert = rendering.apply(state);
    GridLedger.Known known = new GridLedger.Known(key, entry, alert);
    if (awaited && !alert.silenced()) {
      look.untold.add(known);
    }
    if (repeated && !alert.silenced()) {
      look.toRepeat.add(known);
    }
  }

  private String severity(AlertState state) {
    return parts
        .rules
        .findLast(new TenantKey(state.tenant(), state.ruleId()))
        .map(entry -> entry.rule().spec().severity())
        .orElse("");
  }

  private void sweep(AlertKey key, StateEntry entry, boolean awaited) {
    boolean old = entry.state().changedAtMs() < clock.instant().minus(PATIENCE).toEpochMilli();
    if (!awaited || old) {
      var ignored = parts.states.submitToKey(key, StateChange.sweep(entry));
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
