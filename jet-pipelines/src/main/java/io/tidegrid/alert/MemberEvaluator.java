package io.tidegrid.alert;

import io.tidegrid.alert.AlertFeed.Arrival;
import io.tidegrid.alert.AlertFeed.Item;
import io.tidegrid.model.AlertState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * Evaluates the rules over all shards that a member owns: judges what the feed shows, follows the
 * rules and the ownership of shards, and lets clocks run. Used by one thread.
 */
final class MemberEvaluator implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(MemberEvaluator.class.getName());

  /** How often clocks run. */
  private static final long BEAT_NANOS = 1_000_000_000;

  /** Time is looked at so often, as clocks may be moved. */
  private static final long LOOK_NANOS = 100_000_000;

  private static final long BEAT_MS = 1000;

  private final AlertPorts ports;
  private final Executor blocking;
  private final RuleIndex rules = new RuleIndex();
  private final WindowBudget budget;
  private final Map<Integer, ShardLife> shards = new HashMap<>();
  private long beatNanos = System.nanoTime() - BEAT_NANOS;
  private long beatMs = Long.MIN_VALUE;

  /**
   * Begins to take what the feed of the ports shows.
   *
   * @param blocking runs what may wait for the grid; may run it at once
   */
  MemberEvaluator(AlertPorts ports, Executor blocking) {
    this.ports = ports;
    this.blocking = blocking;
    this.budget = new WindowBudget(ports.options().maxWindowBytes());
    ports.feed().attach(this);
  }

  /** Tells whether another took over. */
  boolean isReplaced() {
    return !ports.feed().isTakenBy(this);
  }

  /** Waits for something to do, at most a moment, and does it. */
  void turn() throws InterruptedException {
    turn(LOOK_NANOS);
  }

  /** The same, with a wait of its own. */
  void turn(long waitNanos) throws InterruptedException {
    List<Item> items = ports.feed().take(waitNanos);
    long nowMs = ports.clock().millis();
    long nowNanos = System.nanoTime();
    for (ShardLife life : shards.values()) {
      life.evaluator().ifPresent(evaluator -> evaluator.judge.nowMs = nowMs);
    }
    followRules();
    judge(items, nowNanos);
    repair(nowNanos);
    boolean beat = nowNanos - beatNanos >= BEAT_NANOS || Math.abs(nowMs - beatMs) >= BEAT_MS;
    if (beat) {
      beatNanos = nowNanos;
      beatMs = nowMs;
      followOwnership();
      heartbeat();
      tellSize();
    }
    for (ShardLife life : shards.values()) {
      life.load(nowNanos);
      life.flush(nowNanos);
    }
  }

  private void followRules() {
    boolean had = !rules.isEmpty();
    List<RuleIndex.Change> changes = rules.update(ports.rules().current());
    if (changes.isEmpty()) {
      return;
    }
    if (!had) {
      followOwnership();
    }
    restartThose(life -> life.rulesChanged(changes));
  }

  private void judge(List<Item> items, long nowNanos) {
    int batches = 0;
    long samples = 0;
    long oldest = nowNanos;
    for (Item item : items) {
      switch (item) {
        case Arrival(var batch, long nanos) -> {
          batches++;
          samples += batch.size();
          oldest = Math.min(oldest, nanos);
          if (!shards.containsKey(batch.shard()) && isNewlyOwned(batch.shard())) {
            followOwnership();
          }
          guard(batch.shard(), life -> life.judge(batch, nowNanos));
        }
        case AlertFeed.Changed(int shard, AlertState now) ->
            guard(shard, life -> life.changedElsewhere(now));
        case AlertFeed.Call(Runnable task) -> run(task);
      }
    }
    if (batches > 0) {
      ports.listener().judged(batches, samples, Duration.ofNanos(System.nanoTime() - oldest));
    }
  }

  private boolean isNewlyOwned(int shard) {
    return !rules.isEmpty() && ports.source().ownedVersion(shard) >= 0;
  }

  private void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "evaluating alerts failed", e);
      ports.listener().failed(-1, e);
      // Whose it was is not known: all are begun anew.
      new ArrayList<>(shards.keySet()).forEach(this::restart);
    }
  }

  private void guard(int shard, java.util.function.Consumer<ShardLife> action) {
    ShardLife life = shards.get(shard);
    if (life == null) {
      return;
    }
    try {
      action.accept(life);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "evaluating alerts of shard " + shard + " failed", e);
      ports.listener().failed(shard, e);
      restart(shard);
    }
  }

  /** Has shards begun anew from ledger and memory that say so. */
  private void restartThose(java.util.function.Predicate<ShardLife> action) {
    for (ShardLife life : List.copyOf(shards.values())) {
      guard(
          life.shard,
          same -> {
            if (action.test(same)) {
              restart(same.shard);
            }
          });
    }
  }

  private void restart(int shard) {
    ShardLife old = shards.remove(shard);
    if (old != null) {
      old.abandon();
    }
  }

  /** Tells whether all shards of the member are being judged. */
  boolean isSettled() {
    for (int shard = 0; shard < ports.source().shards(); shard++) {
      boolean owned = ports.source().ownedVersion(shard) >= 0 && !rules.isEmpty();
      ShardLife life = shards.get(shard);
      boolean begun = life != null && life.evaluator().isPresent();
      if (owned != begun || (begun && life.pending() > 0)) {
        return false;
      }
    }
    return true;
  }

  private void repair(long nowNanos) {
    for (int shard : ports.feed().takeIncomplete()) {
      guard(shard, ShardLife::markIncomplete);
    }
    long overflowed = ports.feed().takeOverflowed();
    if (overflowed > 0) {
      ports.listener().overflowed(overflowed);
    }
    restartThose(life -> life.repair(nowNanos));
  }

  private void followOwnership() {
    AlertSource source = ports.source();
    for (int shard = 0; shard < source.shards(); shard++) {
      int version = rules.isEmpty() && !shards.containsKey(shard) ? -1 : source.ownedVersion(shard);
      ShardLife life = shards.get(shard);
      if (life != null && life.version != version) {
        restart(shard);
        life = null;
      }
      if (life == null && version >= 0 && !rules.isEmpty()) {
        shards.put(shard, new ShardLife(ports, this, blocking, rules, budget, shard, version));
      }
    }
  }

  private void heartbeat() {
    restartThose(ShardLife::heartbeat);
    if (rules.isEmpty()) {
      // The last alerts of rules that are gone have to be recorded first.
      for (ShardLife life : List.copyOf(shards.values())) {
        boolean idle =
            life.evaluator().isPresent() && life.evaluator().get().judge.standings().isEmpty();
        if (idle && life.pending() == 0) {
          restart(life.shard);
        }
      }
    }
  }

  private void tellSize() {
    long series = 0;
    long standings = 0;
    long bytes = 0;
    int begun = 0;
    for (ShardLife life : shards.values()) {
      if (life.evaluator().isPresent()) {
        ShardEvaluator evaluator = life.evaluator().get();
        begun++;
        series += evaluator.watched();
        standings += evaluator.judge.standings().size();
        bytes += evaluator.bytes();
      }
    }
    ports
        .listener()
        .size(
            new AlertListener.Size(
                begun, series, standings, bytes, budget.bytes(), ports.feed().waitingSamples()));
  }

  /** Takes no more. */
  @Override
  public void close() {
    shards.values().forEach(ShardLife::abandon);
    ports.feed().detach(this);
  }
}
