package io.tidegrid.alert;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The rules that a series meets, shared by all series that meet the same. Thresholds are sorted by
 * value: between two neighbouring ones no value changes what is met, so a series that stays between
 * them costs nothing, however many rules there are. Immutable.
 */
final class RuleSet {

  static final RuleSet EMPTY = new RuleSet(List.of());

  private final List<CompiledRule> all;

  /** Those that are judged by the newest value, sorted by threshold. */
  final CompiledRule[] thresholds;

  /** Their thresholds. */
  final double[] cuts;

  /** Those that announce each sample. */
  final CompiledRule[] each;

  /** Those over rolling windows. */
  final CompiledRule[] windows;

  final CompiledRule[] absences;

  RuleSet(List<CompiledRule> rules) {
    this.all = List.copyOf(rules);
    this.thresholds =
        all.stream()
            .filter(rule -> rule.kind == CompiledRule.Kind.THRESHOLD && !rule.each)
            .sorted(Comparator.comparingDouble(rule -> rule.threshold))
            .toArray(CompiledRule[]::new);
    this.cuts = Arrays.stream(thresholds).mapToDouble(rule -> rule.threshold).toArray();
    this.each = all.stream().filter(rule -> rule.each).toArray(CompiledRule[]::new);
    this.windows = of(CompiledRule.Kind.WINDOW);
    this.absences = of(CompiledRule.Kind.ABSENT);
  }

  private CompiledRule[] of(CompiledRule.Kind kind) {
    return all.stream().filter(rule -> rule.kind == kind).toArray(CompiledRule[]::new);
  }

  List<CompiledRule> all() {
    return all;
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  boolean contains(CompiledRule rule) {
    return all.contains(rule);
  }

  /** Tells whether every sample has to be looked at, whatever its value. */
  boolean wantsEverySample() {
    return each.length > 0 || windows.length > 0;
  }

  RuleSet with(CompiledRule rule) {
    List<CompiledRule> more = new ArrayList<>(all.size() + 1);
    more.addAll(all);
    more.add(rule);
    return new RuleSet(more);
  }

  RuleSet without(CompiledRule rule) {
    List<CompiledRule> fewer = new ArrayList<>(all);
    fewer.remove(rule);
    return fewer.isEmpty() ? EMPTY : new RuleSet(fewer);
  }

  /** Returns the place of the first threshold that is not below a value. */
  int firstAtLeast(double value) {
    int low = 0;
    int high = cuts.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cuts[middle] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Returns the place of the first threshold that is above a value. */
  int firstAbove(double value) {
    int low = 0;
    int high = cuts.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cuts[middle] <= value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
