package io.tidegrid.alert;

import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A ledger in a map, which fails when it is told to. Safe for use by many threads. */
final class FakeLedger implements AlertLedger {

  /** What was announced of one alert. */
  record Announced(
      String rule, String host, AlertPhase phase, long sinceMs, long firedMs, long resolvedMs) {}

  final Map<Integer, Map<Long, AlertState>> states = new HashMap<>();
  final List<Announced> announced = new ArrayList<>();
  final List<Breach> breaches = new ArrayList<>();
  int failures;
  int failAfterwards;
  int records;
  boolean failing;

  static String hostOf(AlertState state) {
    return state.labels().get("host");
  }

  @Override
  public synchronized List<AlertState> load(int shard) {
    if (failing) {
      throw new IllegalStateException("the ledger is away");
    }
    return List.copyOf(states.getOrDefault(shard, Map.of()).values());
  }

  @Override
  public synchronized List<AlertState> record(
      int shard, List<AlertState> changes, List<Breach> newBreaches) {
    if (failing || failures > 0) {
      failures--;
      throw new IllegalStateException("the ledger is away");
    }
    records++;
    List<AlertState> stand = new ArrayList<>();
    for (AlertState state : changes) {
      Map<Long, AlertState> there = states.computeIfAbsent(shard, s -> new HashMap<>());
      AlertState before = there.get(state.fingerprint());
      boolean byHand =
          before != null
              && !before.resolvedBy().isEmpty()
              && before.pendingSinceMs() == state.pendingSinceMs();
      if (byHand) {
        stand.add(before);
        continue;
      }
      boolean known =
          before != null
              && before.phase() == state.phase()
              && before.pendingSinceMs() == state.pendingSinceMs()
              && before.announced();
      if (!state.announced() && !known && state.phase() != AlertPhase.PENDING) {
        announced.add(
            new Announced(
                state.ruleId(),
                hostOf(state),
                state.phase(),
                state.pendingSinceMs(),
                state.firedAtMs(),
                state.resolvedAtMs()));
      }
      AlertState now = States.announced(state, true);
      there.put(state.fingerprint(), now);
      stand.add(now);
    }
    breaches.addAll(newBreaches);
    if (failAfterwards > 0) {
      failAfterwards--;
      throw new IllegalStateException("the answer was lost");
    }
    return stand;
  }

  @Override
  public synchronized void forget(int shard, List<AlertState> ended) {
    for (AlertState state : ended) {
      AlertState there = states.getOrDefault(shard, Map.of()).get(state.fingerprint());
      if (there != null && there.pendingSinceMs() == state.pendingSinceMs()) {
        states.get(shard).remove(state.fingerprint());
      }
    }
  }

  /** Resolves by hand what fires of a rule and host, as the node does. */
  synchronized AlertState resolve(int shard, String rule, String host, long nowMs) {
    for (AlertState state : List.copyOf(states.get(shard).values())) {
      if (state.ruleId().equals(rule) && hostOf(state).equals(host)) {
        AlertState resolved =
            new AlertState(
                state.tenant(),
                state.ruleId(),
                state.ruleVersion(),
                state.fingerprint(),
                state.labels(),
                AlertPhase.RESOLVED,
                state.pendingSinceMs(),
                state.firedAtMs(),
                nowMs,
                state.value(),
                state.lastTimeMs(),
                nowMs,
                "somebody",
                true);
        states.get(shard).put(state.fingerprint(), resolved);
        return resolved;
      }
    }
    throw new IllegalArgumentException("nothing of " + rule + " and " + host);
  }

  synchronized List<Announced> announced() {
    return List.copyOf(announced);
  }

  synchronized List<AlertState> all() {
    return states.values().stream().flatMap(map -> map.values().stream()).toList();
  }
}
