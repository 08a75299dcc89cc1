package io.tidegrid.alert;

import io.tidegrid.alert.AlertSource.ShardSamples;
import io.tidegrid.live.AppendedSamples;
import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.AlertState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;

/**
 * A shard on the member that owns it: loaded from the ledger, judged, repaired from memory when
 * batches are missing, and its changes recorded one round after the other. Used by one thread; what
 * may block runs elsewhere and answers through the feed.
 */
final class ShardLife {

  private static final System.Logger LOG = System.getLogger(ShardLife.class.getName());

  /** More unrecorded changes than this, and the shard is not judged until they are fewer. */
  private static final int MAX_UNRECORDED = 20_000;

  /**
   * Batches with so many samples are kept while a shard is loaded; the rest is read from memory.
   */
  private static final long MAX_EARLY_SAMPLES = 100_000;

  private static final long FIRST_RETRY_NANOS = 100_000_000;
  private static final long LAST_RETRY_NANOS = 5_000_000_000L;

  private final AlertPorts ports;
  private final Object taker;
  private final Executor blocking;
  private final RuleIndex rules;
  private final WindowBudget budget;
  final int shard;
  final int version;

  /** Empty until the shard is loaded. */
  private Optional<ShardEvaluator> evaluator = Optional.empty();

  private Optional<GroupWatches> groups = Optional.empty();

  /** Batches that came before the shard was loaded. */
  private final List<AppendedSamples> early = new ArrayList<>();

  private long earlySamples;
  private boolean loading;
  private boolean incomplete;
  private boolean failing;
  private long retryNanos;
  private long backoffNanos = FIRST_RETRY_NANOS;
  private boolean abandoned;

  ShardLife(
      AlertPorts ports,
      Object taker,
      Executor blocking,
      RuleIndex rules,
      WindowBudget budget,
      int shard,
      int version) {
    this.ports = ports;
    this.taker = taker;
    this.blocking = blocking;
    this.rules = rules;
    this.budget = budget;
    this.shard = shard;
    this.version = version;
    this.retryNanos = System.nanoTime();
  }

  Optional<ShardEvaluator> evaluator() {
    return evaluator;
  }

  /** Ends it: what it has not recorded its next owner finds again in memory. */
  void abandon() {
    abandoned = true;
    evaluator.ifPresent(ShardEvaluator::release);
  }

  private boolean isOwned() {
    return !abandoned && ports.source().ownedVersion(shard) == version;
  }

  // ---- loading

  /** Loads the shard if that is to be done now. */
  void load(long nowNanos) {
    if (evaluator.isPresent() || loading || nowNanos - retryNanos < 0) {
      return;
    }
    loading = true;
    blocking.execute(() -> {
      try {
        // First whether it can be read: the ledger's answer must not be older than that.
        boolean ready = ports.source().open(shard).isPresent();
        Optional<List<AlertState>> states =
            ready ? Optional.of(ports.ledger().load(shard)) : Optional.empty();
        ports.feed().post(taker, () -> loaded(states));
      } catch (RuntimeException e) {
        ports.feed().post(taker, () -> failedToLoad(e));
      }
    });
  }

  private void loaded(Optional<List<AlertState>> states) {
    loading = false;
    if (abandoned) {
      return;
    }
    Optional<ShardSamples> samples =
        states.isPresent() ? ports.source().open(shard) : Optional.empty();
    if (samples.isEmpty() || !isOwned()) {
      retryNanos = System.nanoTime() + FIRST_RETRY_NANOS;
      return;
    }
    begin(states.get(), samples.get());
  }

  private void failedToLoad(RuntimeException cause) {
    loading = false;
    retryLater(cause, "the alerts of shard " + shard + " could not be loaded");
  }

  private void begin(List<AlertState> states, ShardSamples samples) {
    long began = System.nanoTime();
    ShardEvaluator begun =
        new ShardEvaluator(shard, version, samples, rules, ports.options(), budget);
    begun.judge.nowMs = ports.clock().millis();
    GroupWatches ownGroups = new GroupWatches(begun.judge);
    for (CompiledRule rule : rules.all()) {
      if (GroupWatches.isOf(rule, shard, ports.source().shards())) {
        ownGroups.add(rule, begun.judge.nowMs);
      }
    }
    List<AlertState> others = new ShardRepair(begun, samples, ports.options()).begin(states);
    for (AlertState state : others) {
      Optional<CompiledRule> rule = rules.find(state.tenant(), state.ruleId());
      if (rule.isEmpty() || !ownGroups.adopt(rule.get(), state)) {
        adoptOrphan(begun.judge, rule, state);
      }
    }
    evaluator = Optional.of(begun);
    groups = Optional.of(ownGroups);
    judgeEarly(begun, System.nanoTime());
    failing = false;
    backoffNanos = FIRST_RETRY_NANOS;
    ports.listener().repaired(shard, Duration.ofNanos(System.nanoTime() - began));
  }

  /** Ends an alert whose rule or series is no more; when it is over, it is kept for its time. */
  private static void adoptOrphan(Judge judge, Optional<CompiledRule> rule, AlertState state) {
    SeriesWatch none = new SeriesWatch(-1, state.labels(), RuleSet.EMPTY);
    none.lastTimeMs = state.lastTimeMs();
    none.lastEachMs = state.lastTimeMs();
    none.lastArrivalMs = state.changedAtMs();
    Standing standing = judge.adopt(none, rule.orElseGet(() -> Orphans.ruleOf(state)), state);
    judge.end(standing);
  }

  // ---- judging

  /** Judges a batch, when those before it are there. */
  void judge(AppendedSamples batch, long nowNanos) {
    if (evaluator.isEmpty()) {
      keep(batch);
      return;
    }
    ShardEvaluator judging = evaluator.get();
    if (!isSameTable(batch.table(), judging)) {
      incomplete = true;
      return;
    }
    judging.track.add(batch, nowNanos);
    judgeInOrder(judging, nowNanos);
  }

  private void keep(AppendedSamples batch) {
    if (earlySamples + batch.size() > MAX_EARLY_SAMPLES) {
      incomplete = true;
      return;
    }
    early.add(batch);
    earlySamples += batch.size();
  }

  /**
   * Judges what came while the shard was loaded. Most of it was in memory by then, and was judged
   * from there; but not what is too old to be in memory, or older than the rule, or late.
   */
  private void judgeEarly(ShardEvaluator judging, long nowNanos) {
    List<AppendedSamples> read = new ArrayList<>();
    for (AppendedSamples batch : early) {
      if (!isSameTable(batch.table(), judging)) {
        incomplete = true;
      } else if (Long.compareUnsigned(batch.sequence(), judging.track.through()) <= 0) {
        read.add(batch);
      } else {
        judging.track.add(batch, nowNanos);
      }
    }
    judging.announceEarly(read, ports.options().lookbackMs());
    early.clear();
    earlySamples = 0;
    judgeInOrder(judging, nowNanos);
  }

  @SuppressWarnings("ReferenceEquality") // tables are the same only if they are the same object
  private static boolean isSameTable(SeriesTable table, ShardEvaluator judging) {
    return table == judging.table;
  }

  private void judgeInOrder(ShardEvaluator judging, long nowNanos) {
    if (incomplete || judging.outbox.size() > MAX_UNRECORDED) {
      incomplete = true;
      return;
    }
    for (AppendedSamples next = judging.track.next(nowNanos);
        next != null;
        next = judging.track.next(nowNanos)) {
      judging.judge(next);
    }
  }

  /** Says that batches were dropped. */
  void markIncomplete() {
    incomplete = true;
  }

  /** Reads from memory what is missing; tells whether the shard has to be begun anew. */
  boolean repair(long nowNanos) {
    if (evaluator.isEmpty()) {
      return false;
    }
    ShardEvaluator judging = evaluator.get();
    boolean gap = incomplete || judging.track.isGap(nowNanos);
    if (!gap || judging.outbox.size() > MAX_UNRECORDED) {
      return false;
    }
    Optional<ShardSamples> samples = ports.source().open(shard);
    if (samples.isEmpty() || !isSameTable(samples.get().table(), judging)) {
      return true;
    }
    ports.listener().gap(shard);
    new ShardRepair(judging, samples.get(), ports.options()).fillGap();
    incomplete = false;
    judgeInOrder(judging, nowNanos);
    ports.listener().repaired(shard, Duration.ofNanos(System.nanoTime() - nowNanos));
    return false;
  }

  // ---- clocks

  /** Lets clocks run; tells whether the shard has to be begun anew. */
  boolean heartbeat() {
    if (evaluator.isEmpty()) {
      return false;
    }
    ShardEvaluator judging = evaluator.get();
    if (!judging.timed().isEmpty()) {
      Optional<ShardSamples> samples = ports.source().open(shard);
      if (samples.isEmpty()) {
        return true;
      }
      PassingTime time = new PassingTime(judging, samples.get(), ports.options());
      judging.timed().forEach(time::heartbeat);
    }
    judging.judge.heartbeat();
    evaluateGroups(judging.judge.nowMs);
    return false;
  }

  private void evaluateGroups(long nowMs) {
    GroupWatches here = groups.orElseThrow();
    for (GroupWatches.Group group : here.due(nowMs)) {
      blocking.execute(() -> {
        long began = System.nanoTime();
        long atMs = ports.clock().millis();
        Optional<List<GroupSource.GroupValue>> values = Optional.empty();
        try {
          values = Optional.of(ports.groups().values(group.rule.rule, atMs));
        } catch (RuntimeException e) {
          LOG.log(System.Logger.Level.DEBUG, "groups of rule " + group.rule + " are unknown", e);
        }
        Optional<List<GroupSource.GroupValue>> found = values;
        ports
            .feed()
            .post(taker, () -> here.evaluated(group, found, atMs, System.nanoTime() - began));
      });
    }
  }

  // ---- rules

  /** Goes on with other rules; tells whether the shard has to be begun anew. */
  boolean rulesChanged(List<RuleIndex.Change> changes) {
    if (evaluator.isEmpty()) {
      return false;
    }
    Optional<ShardSamples> samples = ports.source().open(shard);
    if (samples.isEmpty()) {
      return true;
    }
    RuleChanges applied =
        new RuleChanges(evaluator.get(), samples.get(), ports.options(), ports.source().shards());
    for (RuleIndex.Change change : changes) {
      applied.apply(change, groups.orElseThrow());
    }
    return false;
  }

  // ---- the ledger

  /** Takes over how an alert stands by the word of somebody else. */
  void changedElsewhere(AlertState now) {
    if (evaluator.isEmpty()) {
      return;
    }
    find(now)
        .ifPresent(standing -> {
          // Resolved by the clock of who did it; by that of samples it is as far as it was judged.
          if (!States.same(standing.state, now)) {
            evaluator.get().judge.adoptChange(standing, now);
            resume(standing);
          }
        });
  }

  private Optional<Standing> find(AlertState state) {
    for (Standing standing : evaluator.orElseThrow().judge.standings()) {
      if (standing.state.fingerprint() == state.fingerprint()
          && standing.state.ruleId().equals(state.ruleId())
          && standing.state.tenant().equals(state.tenant())) {
        return Optional.of(standing);
      }
    }
    return Optional.empty();
  }

  private void resume(Standing standing) {
    ports
        .source()
        .open(shard)
        .ifPresent(samples ->
            new ShardRepair(evaluator.orElseThrow(), samples, ports.options()).resume(standing));
  }

  /** Records what has changed, as soon as what changed before is recorded. */
  void flush(long nowNanos) {
    if (evaluator.isEmpty() || nowNanos - retryNanos < 0) {
      return;
    }
    Outbox outbox = evaluator.get().outbox;
    if (outbox.isEmpty() || outbox.isTaken() || !isOwned()) {
      return;
    }
    Outbox.Round round = outbox.take();
    List<AlertState> changes = round.changes();
    List<AlertLedger.Breach> breaches = round.breaches();
    List<AlertState> forgotten = round.forgotten();
    blocking.execute(() -> {
      try {
        List<AlertState> stand =
            changes.isEmpty() && breaches.isEmpty()
                ? List.of()
                : ports.ledger().record(shard, changes, breaches);
        if (!forgotten.isEmpty()) {
          ports.ledger().forget(shard, forgotten);
        }
        ports.feed().post(taker, () -> recorded(changes, stand, breaches.size()));
      } catch (RuntimeException e) {
        ports.feed().post(taker, () -> failedToRecord(e));
      }
    });
  }

  private void recorded(List<AlertState> changes, List<AlertState> stand, int breaches) {
    if (abandoned) {
      return;
    }
    evaluator.orElseThrow().outbox.done();
    failing = false;
    backoffNanos = FIRST_RETRY_NANOS;
    ports.listener().recorded(changes.size(), breaches);
    Map<Long, AlertState> refused = new HashMap<>();
    for (int i = 0; i < Math.min(changes.size(), stand.size()); i++) {
      if (!States.same(changes.get(i), stand.get(i))) {
        refused.put(stand.get(i).fingerprint(), stand.get(i));
      }
    }
    if (!refused.isEmpty()) {
      Set<Standing> all = new HashSet<>(evaluator.get().judge.standings());
      for (Standing standing : all) {
        AlertState state = refused.get(standing.state.fingerprint());
        if (state != null) {
          evaluator.get().judge.adoptChange(standing, state);
          resume(standing);
        }
      }
    }
    flush(System.nanoTime());
  }

  private void failedToRecord(RuntimeException cause) {
    if (abandoned) {
      return;
    }
    evaluator.orElseThrow().outbox.failed();
    ports.listener().recordFailed(shard, cause);
    retryLater(cause, "changes of alerts of shard " + shard + " could not be recorded");
  }

  private void retryLater(RuntimeException cause, String what) {
    if (!failing && isOwned()) {
      LOG.log(System.Logger.Level.WARNING, what + "; it is tried again", cause);
    }
    failing = true;
    retryNanos = System.nanoTime() + backoffNanos;
    backoffNanos = Math.min(LAST_RETRY_NANOS, backoffNanos * 2);
  }

  long pending() {
    return evaluator.map(e -> (long) e.outbox.size()).orElse(0L);
  }
}
