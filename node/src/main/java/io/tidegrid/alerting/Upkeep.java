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
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertState;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

  private static final long LOAD_MS = 200;
  private static final long ROUND_MS = 1_000;
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
  private final Thread thread;
  private final List<Partition> partitions;
  private long resendAtNanos;
  private long rounds;
  private volatile boolean repairSoon;
  private volatile boolean closed;
  private volatile Counts counts = new Counts(0, 0, 0);

  private record Counts(long pending, long firing, long resolved) {}

  /** What is kept up. */
  record Parts(
      SharedTable<RuleEntry> rules,
      SharedTable<SilenceEntry> silenceTable,
      GridSilences silences,
      IMap<AlertKey, StateEntry> states,
      Notifiers notifiers) {}

  Upkeep(
      HazelcastInstance hazelcast,
      IntUnaryOperator partitionKey,
      Parts parts,
      Function<AlertState, Alert> rendering,
      AlertingOptions options,
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
        MultiGauge.builder("tidegrid.alerts.firing")
            .description("Firing alerts of the shards that this member owns, by severity")
            .register(meters);
    gauge(meters, "pending", Counts::pending);
    gauge(meters, "firing", Counts::firing);
    gauge(meters, "resolved", Counts::resolved);
    this.resendAtNanos = System.nanoTime() + resendInterval.toNanos();
    this.thread = Thread.ofPlatform().daemon().name("tidegrid-alert-upkeep").unstarted(this::run);
  }

  private void gauge(MeterRegistry meters, String state, Function<Counts, Long> count) {
    Gauge.builder("tidegrid.alerts.states", this, any -> count.apply(any.counts))
        .description("Alerts of the shards that this member owns, by where they stand")
        .tag("state", state)
        .register(meters);
  }

  void start() {
    thread.start();
  }

  /** Says that members were lost, and maybe what they alone knew. */
  void repairSoon() {
    repairSoon = true;
    wake.release();
  }

  private void run() {
    while (!closed) {
      boolean loaded = false;
      try {
        loaded = load();
        if (loaded) {
          round();
        }
      } catch (RuntimeException e) {
        if (closed || !hazelcast.getLifecycleService().isRunning()) {
          return;
        }
        LOG.log(System.Logger.Level.DEBUG, "the upkeep of alerts failed, again soon", e);
      }
      try {
        boolean ignored = wake.tryAcquire(loaded ? ROUND_MS : LOAD_MS, TimeUnit.MILLISECONDS);
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

  private void look() {
    long[] phases = new long[3];
    Map<String, Long> severities = new TreeMap<>();
    List<GridLedger.Known> untold = new ArrayList<>();
    List<GridLedger.Known> firing = new ArrayList<>();
    boolean resend = parts.notifiers.repeats() && System.nanoTime() >= resendAtNanos;
    for (int shard = 0; shard < partitions.size(); shard++) {
      if (!isOwned(shard)) {
        continue;
      }
      for (Map.Entry<AlertKey, StateEntry> entry :
          parts.states.entrySet(
              Predicates.partitionPredicate(
                  partitionKey.applyAsInt(shard), Predicates.alwaysTrue()))) {
        look(entry, phases, severities, untold, firing);
      }
    }
    counts = new Counts(phases[0], phases[1], phases[2]);
    bySeverity.register(
        severities.entrySet().stream()
            .map(entry -> MultiGauge.Row.of(Tags.of("severity", entry.getKey()), entry.getValue()))
            .toList(),
        true);
    parts.notifiers.tell(untold);
    if (resend) {
      resendAtNanos = System.nanoTime() + resendInterval.toNanos();
      parts.notifiers.repeat(firing);
    }
  }

  private void look(
      Map.Entry<AlertKey, StateEntry> found,
      long[] phases,
      Map<String, Long> severities,
      List<GridLedger.Known> untold,
      List<GridLedger.Known> firing) {
    StateEntry entry = found.getValue();
    AlertState state = entry.state();
    boolean awaited = parts.notifiers.isAwaited(entry);
    if (entry.ended()) {
      sweep(found.getKey(), entry, awaited);
      phases[2]--;
    }
    switch (state.phase()) {
      case PENDING -> phases[0]++;
      case FIRING -> {
        phases[1]++;
        Alert alert = rendering.apply(state);
        var _ = severities.merge(alert.severity(), 1L, Long::sum);
        if (parts.notifiers.repeats() && !alert.silenced()) {
          boolean ignored = firing.add(new GridLedger.Known(found.getKey(), entry, alert));
        }
      }
      case RESOLVED -> phases[2]++;
    }
    if (awaited) {
      Alert alert = rendering.apply(state);
      if (!alert.silenced()) {
        untold.add(new GridLedger.Known(found.getKey(), entry, alert));
      }
    }
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
