package io.tidegrid.persist;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * When each block with recent rows is to be compacted. A block is due when its end is a delay past
 * and its rows were seen a third of that ago, so that what comes late is folded in together. One
 * that failed waits longer each time. Used by one thread.
 */
final class PairSchedule {

  private static final long FIRST_PAUSE_MS = 30_000;
  private static final long LONGEST_PAUSE_MS = 3_600_000;

  /** How long a batch may take from its number into the journal. */
  private static final long SETTLING_MS = 10_000;

  private final long delayMs;
  private final Map<CompactionPair, State> states = new HashMap<>();

  /** What is known of a pair. */
  private static final class State {
    long seenMs;
    long notBeforeMs;
    int failures;
    long settled;
    long candidate;
    long candidateMs;
  }

  PairSchedule(Duration delay) {
    this.delayMs = delay.toMillis();
  }

  /** Takes the pairs that have rows now and forgets all others. */
  void seen(Collection<CompactionPair> pairs, long nowMs) {
    Set<CompactionPair> present = new HashSet<>(pairs);
    states.keySet().retainAll(present);
    for (CompactionPair pair : present) {
      if (!states.containsKey(pair)) {
        State state = new State();
        state.seenMs = nowMs;
        states.put(pair, state);
      }
    }
  }

  private long dueMs(CompactionPair pair, State state) {
    return Math.max(pair.endMs() + delayMs, state.seenMs + delayMs / 3);
  }

  /** Returns the due ones, the oldest blocks first. */
  List<CompactionPair> due(long nowMs) {
    List<CompactionPair> due = new ArrayList<>();
    states.forEach((pair, state) -> {
      if (dueMs(pair, state) <= nowMs) {
        due.add(pair);
      }
    });
    due.sort(
        java.util.Comparator.comparingLong(CompactionPair::blockMs)
            .thenComparingInt(CompactionPair::shard));
    return due;
  }

  /** Tells whether a due pair is not held back by a failure. */
  boolean mayRun(CompactionPair pair, long nowMs) {
    State state = states.get(pair);
    return state != null && state.notBeforeMs <= nowMs;
  }

  /** Returns for how many milliseconds the longest due pair has been due. */
  long lagMs(Collection<CompactionPair> due, long nowMs) {
    long lag = 0;
    for (CompactionPair pair : due) {
      lag = Math.max(lag, nowMs - dueMs(pair, states.get(pair)));
    }
    return lag;
  }

  int size() {
    return states.size();
  }

  int failing() {
    return (int) states.values().stream().filter(state -> state.failures > 0).count();
  }

  /** Forgets a pair whose rows are folded; what comes later is seen anew. */
  void done(CompactionPair pair) {
    states.remove(pair);
  }

  /** Lets a pair wait after a failure, and returns how long. */
  Duration failed(CompactionPair pair, long nowMs) {
    State state = states.get(pair);
    if (state == null) {
      return Duration.ZERO;
    }
    long pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << Math.min(state.failures, 10));
    state.failures++;
    state.notBeforeMs = nowMs + pause;
    return Duration.ofMillis(pause);
  }

  /** Returns the sequence up to which no batch of the pair can be on its way. */
  long settled(CompactionPair pair, long nowMs) {
    State state = states.get(pair);
    if (state == null) {
      return 0;
    }
    if (state.candidate > 0 && nowMs - state.candidateMs >= Math.min(SETTLING_MS, delayMs / 3)) {
      state.settled = Math.max(state.settled, state.candidate);
      state.candidate = 0;
    }
    return state.settled;
  }

  /** Takes the highest sequence that is there now, to be settled after a while. */
  void unsettled(CompactionPair pair, long highest, long nowMs) {
    State state = states.get(pair);
    if (state != null && state.candidate == 0) {
      state.candidate = highest;
      state.candidateMs = nowMs;
    }
  }
}
