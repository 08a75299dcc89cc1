package io.tidegrid.alerting;

import com.hazelcast.map.IMap;
import com.hazelcast.query.Predicates;
import io.tidegrid.alert.AlertLedger;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.Announcement;
import io.tidegrid.grid.HistoryEntry;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.grid.TenantKey;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import io.tidegrid.persist.AlertPersistence;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntUnaryOperator;

/**
 * Keeps how alerts stand in a map of the grid, by an entry for each in the partition of its shard;
 * then has them known: history, receivers outside, the ring, in this order.
 */
final class GridLedger implements AlertLedger {

  private static final System.Logger LOG = System.getLogger(GridLedger.class.getName());

  /** How many changes are under way at once. */
  private static final int AT_ONCE = 256;

  private final IMap<AlertKey, StateEntry> states;
  private final IMap<AlertKey, Long> loadedShards;
  private final IMap<TenantKey, HistoryEntry> history;
  private final IntUnaryOperator partitionKey;
  private final Optional<AlertPersistence> database;
  private final EventRing ring;
  private final Context context;
  private final InstantSource clock;
  private final Map<Integer, ReentrantLock> restoring = new ConcurrentHashMap<>();

  /** What else the ledger works with. */
  interface Context {

    /** Tells whether rules and silences are known. */
    boolean isReady();

    /** Returns the alert that people see. */
    Alert render(AlertState state);

    /** Tells receivers outside, without waiting for it. */
    void tell(List<Known> changes);

    /** Tells whether receivers outside shall know of an alert, and do not yet. */
    boolean isAwaited(StateEntry entry);
  }

  /**
   * A change that is recorded.
   *
   * @param entry how the alert stands
   * @param alert the same for people
   */
  record Known(AlertKey key, StateEntry entry, Alert alert) {}

  GridLedger(
      AlertMaps maps,
      IntUnaryOperator partitionKey,
      Optional<AlertPersistence> database,
      EventRing ring,
      Context context,
      InstantSource clock) {
    this.states = maps.states();
    this.loadedShards = maps.loadedShards();
    this.history = maps.history();
    this.partitionKey = partitionKey;
    this.database = database;
    this.ring = ring;
    this.context = context;
    this.clock = clock;
  }

  @Override
  public List<AlertState> load(int shard) {
    if (!context.isReady()) {
      // Without its rule an alert would count as one whose rule was deleted.
      throw new IllegalStateException("the rules are not loaded yet");
    }
    restore(shard);
    Collection<Map.Entry<AlertKey, StateEntry>> entries =
        states.entrySet(
            Predicates.partitionPredicate(partitionKey.applyAsInt(shard), Predicates.alwaysTrue()));
    List<AlertState> loaded = new ArrayList<>(entries.size());
    Map<AlertKey, StateEntry> unannounced = new HashMap<>();
    List<Known> untold = new ArrayList<>();
    for (Map.Entry<AlertKey, StateEntry> entry : entries) {
      AlertState state = entry.getValue().state();
      if (!entry.getValue().ended()) {
        loaded.add(state);
      }
      if (isToAnnounce(state)) {
        unannounced.put(entry.getKey(), entry.getValue());
      } else if (context.isAwaited(entry.getValue())) {
        untold.add(new Known(entry.getKey(), entry.getValue(), context.render(state)));
      }
    }
    announce(unannounced, List.of());
    context.tell(untold);
    return loaded;
  }

  /**
   * Puts back what the database has of a shard of this member, when the cluster has just started;
   * one call at a time, as what a slower one read may be gone by then.
   *
   * @throws RuntimeException when that cannot be done now; to be tried again
   */
  void restore(int shard) {
    ReentrantLock lock = restoring.computeIfAbsent(shard, s -> new ReentrantLock());
    lock.lock();
    try {
      AlertKey whole = AlertKey.ofShard(shard, partitionKey.applyAsInt(shard));
      if (!loadedShards.containsKey(whole)) {
        restore(shard, whole);
      }
    } finally {
      lock.unlock();
    }
  }

  private void restore(int shard, AlertKey whole) {
    List<StateEntry> stored = database.map(any -> any.loadStates(shard)).orElse(List.of());
    List<CompletionStage<StateEntry>> under = new ArrayList<>();
    for (StateEntry entry : stored) {
      under.add(states.submitToKey(key(shard, entry.state()), StateChange.restore(entry)));
    }
    var _ = Waiting.all(under);
    loadedShards.set(whole, (long) stored.size());
  }

  private AlertKey key(int shard, AlertState state) {
    return new AlertKey(
        shard, partitionKey.applyAsInt(shard), state.tenant(), state.ruleId(), state.fingerprint());
  }

  @Override
  public List<AlertState> record(int shard, List<AlertState> changes, List<Breach> breaches) {
    long now = clock.millis();
    List<AlertState> standing = new ArrayList<>(changes.size());
    Map<AlertKey, StateEntry> unannounced = new java.util.LinkedHashMap<>();
    for (int from = 0; from < changes.size(); from += AT_ONCE) {
      List<AlertState> some = changes.subList(from, Math.min(changes.size(), from + AT_ONCE));
      List<CompletionStage<StateEntry>> under = new ArrayList<>(some.size());
      for (AlertState change : some) {
        under.add(states.submitToKey(key(shard, change), StateChange.record(change, now)));
      }
      for (StateEntry entry : Waiting.all(under)) {
        standing.add(entry.state());
        if (isToAnnounce(entry.state())) {
          unannounced.put(key(shard, entry.state()), entry);
        }
      }
    }
    announce(unannounced, breaches);
    return standing;
  }

  private static boolean isToAnnounce(AlertState state) {
    return !state.announced()
        && switch (state.phase()) {
          case PENDING -> false;
          case FIRING -> true;
          case RESOLVED -> state.firedAtMs() != AlertState.NEVER;
        };
  }

  /**
   * Makes changes known that are recorded.
   *
   * @throws IllegalStateException when that cannot be done now; it is done when the shard is loaded
   *     next, or the change comes again
   */
  void announce(Map<AlertKey, StateEntry> changes, List<Breach> breaches) {
    if (changes.isEmpty() && breaches.isEmpty()) {
      return;
    }
    List<Known> known = new ArrayList<>(changes.size());
    Map<TenantKey, HistoryEntry> past = new HashMap<>();
    List<Announcement> announcements = new ArrayList<>(changes.size() + breaches.size());
    changes.forEach((key, entry) -> {
      Alert alert = context.render(entry.state());
      known.add(new Known(key, entry, alert));
      past.put(
          new TenantKey(alert.tenant(), alert.id()), new HistoryEntry(entry.revision(), alert));
      announcements.add(new Announcement(alert));
    });
    for (Breach breach : breaches) {
      AlertState state = breach.state();
      announcements.add(
          new Announcement(
              state.tenant(), state.ruleId(), state.labels(), breach.timeMs(), breach.value()));
    }
    context.tell(known);
    CompletionStage<Void> kept = past.isEmpty() ? null : history.setAllAsync(past);
    ring.announce(announcements);
    if (kept != null) {
      Waiting.one(kept);
    }
    long now = clock.millis();
    changes.forEach((key, entry) ->
        // Nobody waits for it: without it the same is announced again some day.
        states
            .submitToKey(key, StateChange.announced(entry.state(), now))
            .whenComplete((done, failure) -> {
              if (failure != null) {
                LOG.log(System.Logger.Level.DEBUG, "an alert may be announced twice", failure);
              }
            }));
  }

  @Override
  public void forget(int shard, List<AlertState> ended) {
    long now = clock.millis();
    for (int from = 0; from < ended.size(); from += AT_ONCE) {
      List<CompletionStage<StateEntry>> under = new ArrayList<>();
      for (AlertState state : ended.subList(from, Math.min(ended.size(), from + AT_ONCE))) {
        AlertKey key = key(shard, state);
        boolean fired =
            state.phase() == AlertPhase.RESOLVED && state.firedAtMs() != AlertState.NEVER;
        boolean wait =
            fired && Optional.ofNullable(states.get(key)).filter(context::isAwaited).isPresent();
        under.add(states.submitToKey(key, StateChange.forget(state, wait, now)));
      }
      var _ = Waiting.all(under);
    }
  }
}
