package io.tidegrid.alert;

import io.tidegrid.model.Labels;
import java.util.HashMap;
import java.util.Map;

/** What evaluation keeps of a series that meets a rule. Changed by one thread. */
final class SeriesWatch {

  /** In place of a time that there is none of. */
  static final long NEVER = Long.MIN_VALUE;

  /** In place of a series that meets no rule. */
  static final SeriesWatch NONE = new SeriesWatch(-1, Labels.empty(), RuleSet.EMPTY);

  private static final SampleWindow[] NO_WINDOWS = {};

  final int number;
  final Labels labels;
  RuleSet rules;

  /** The time of the newest sample that was judged. */
  long lastTimeMs = NEVER;

  /** The same, by the rules that announce each sample. */
  long lastEachMs = NEVER;

  /** Samples up to this time came before the rules, and are not judged when read from memory. */
  long floorMs = NEVER;

  /** When, by the clock of the node, a sample came last. */
  long lastArrivalMs = NEVER;

  /** The value of the newest sample that was judged, if that is known; else NaN. */
  double lastValue = Double.NaN;

  /** Whether what is met by the thresholds is that of the last value. */
  boolean settled;

  /** A value above this and below the other changes nothing. */
  double quietAbove = Double.POSITIVE_INFINITY;

  double quietBelow = Double.NEGATIVE_INFINITY;

  /** From this time on a sample makes something fire that is pending. */
  long dueMs = Long.MAX_VALUE;

  private Map<CompiledRule, Standing> standings = Map.of();
  SampleWindow[] windows = NO_WINDOWS;

  SeriesWatch(int number, Labels labels, RuleSet rules) {
    this.number = number;
    this.labels = labels;
    this.rules = rules;
  }

  Map<CompiledRule, Standing> standings() {
    return standings;
  }

  void put(Standing standing) {
    if (standings.isEmpty()) {
      standings = new HashMap<>(4);
    }
    standings.put(standing.rule, standing);
  }

  void remove(Standing standing) {
    if (!standings.isEmpty()) {
      standings.remove(standing.rule);
    }
    if (standings.isEmpty()) {
      standings = Map.of();
    }
  }

  /** Has the next sample judged by every rule. */
  void disquiet() {
    settled = false;
    quietAbove = Double.POSITIVE_INFINITY;
  }

  /** Works out which values change nothing after this one. */
  void settle(double value) {
    lastValue = value;
    settled = !Double.isNaN(value);
    quietAbove = Double.POSITIVE_INFINITY;
    if (Double.isNaN(value)
        || rules.wantsEverySample()
        || (rules.absences.length > 0 && !standings.isEmpty())) {
      return;
    }
    double[] cuts = rules.cuts;
    int place = rules.firstAtLeast(value);
    if (place < cuts.length && cuts[place] == value) {
      return;
    }
    quietAbove = place == 0 ? Double.NEGATIVE_INFINITY : cuts[place - 1];
    quietBelow = place == cuts.length ? Double.POSITIVE_INFINITY : cuts[place];
  }

  /** Makes the windows that the rules want, and lets go of others. */
  void arrangeWindows(WindowBudget budget) {
    if (rules.windows.length == 0 && windows.length == 0) {
      return;
    }
    Map<Long, SampleWindow> there = new HashMap<>();
    for (SampleWindow window : windows) {
      there.put(window.rangeMs, window);
    }
    Map<Long, SampleWindow> wanted = new HashMap<>();
    for (CompiledRule rule : rules.windows) {
      wanted.computeIfAbsent(
          rule.rangeMs,
          range -> {
            SampleWindow known = there.remove(range);
            return known == null ? new SampleWindow(range, budget) : known;
          });
    }
    there.values().forEach(SampleWindow::release);
    windows = wanted.values().toArray(NO_WINDOWS);
  }

  SampleWindow window(long rangeMs) {
    for (SampleWindow window : windows) {
      if (window.rangeMs == rangeMs) {
        return window;
      }
    }
    throw new IllegalStateException("there is no window of " + rangeMs + " ms");
  }
}
