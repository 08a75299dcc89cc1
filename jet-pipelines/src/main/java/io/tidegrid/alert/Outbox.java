package io.tidegrid.alert;

import io.tidegrid.alert.AlertLedger.Breach;
import io.tidegrid.model.AlertState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Changes of a shard that are to be recorded, in rounds: of one alert there is one change in each,
 * so that what comes later is recorded later. Used by one thread.
 */
final class Outbox {

  /** What is recorded by one call. Not changed once it is taken. */
  static final class Round {
    private final Map<Long, AlertState> changes = new LinkedHashMap<>();
    private final Map<Long, AlertState> forgotten = new LinkedHashMap<>();
    private final List<Breach> breaches = new ArrayList<>();

    List<AlertState> changes() {
      return List.copyOf(changes.values());
    }

    List<AlertState> forgotten() {
      return List.copyOf(forgotten.values());
    }

    List<Breach> breaches() {
      return List.copyOf(breaches);
    }

    private boolean has(long alert) {
      return changes.containsKey(alert) || forgotten.containsKey(alert);
    }
  }

  private final Deque<Round> rounds = new ArrayDeque<>();
  private int size;

  /** Whether the first round is being recorded. */
  private boolean taken;

  int size() {
    return size;
  }

  private Round roomFor(long alert) {
    Round last = rounds.peekLast();
    if (last == null || (taken && rounds.size() == 1) || last.has(alert)) {
      last = new Round();
      rounds.add(last);
    }
    return last;
  }

  void change(AlertState state) {
    roomFor(state.fingerprint()).changes.put(state.fingerprint(), state);
    size++;
  }

  /** Notes that nothing but the time of the last sample is another. */
  void touch(AlertState state) {
    long alert = state.fingerprint();
    Round last = rounds.peekLast();
    if (last != null && !(taken && rounds.size() == 1) && last.changes.containsKey(alert)) {
      AlertState before = last.changes.get(alert);
      last.changes.put(alert, States.announced(state, before.announced()));
      return;
    }
    change(state);
  }

  void forget(AlertState state) {
    roomFor(state.fingerprint()).forgotten.put(state.fingerprint(), state);
    size++;
  }

  void breach(Breach breach) {
    Round last = rounds.peekLast();
    if (last == null || (taken && rounds.size() == 1)) {
      last = new Round();
      rounds.add(last);
    }
    last.breaches.add(breach);
    size++;
  }

  boolean isEmpty() {
    return rounds.isEmpty();
  }

  boolean isTaken() {
    return taken;
  }

  /** Returns the first round, which stays first until {@link #done} or {@link #failed}. */
  Round take() {
    taken = true;
    return rounds.element();
  }

  void done() {
    taken = false;
    Round round = rounds.remove();
    size -= round.changes.size() + round.forgotten.size() + round.breaches.size();
  }

  void failed() {
    taken = false;
  }

  /** Drops what is not being recorded of an alert. */
  void drop(long alert) {
    boolean first = true;
    for (Round round : rounds) {
      if (!(first && taken)) {
        size -= round.changes.remove(alert) == null ? 0 : 1;
        size -= round.forgotten.remove(alert) == null ? 0 : 1;
      }
      first = false;
    }
  }
}
