package io.tidegrid.model;

import java.time.Duration;

/** When a rule's condition is met by a series, or by a group of series. Immutable. */
public sealed interface AlertCondition {

  /** The newest value compares so with the threshold: {@code > 80}. */
  record Threshold(Comparison comparison, double threshold) implements AlertCondition {}

  /**
   * A figure of the samples of a rolling window compares so: {@code avg(5m) > 80}.
   *
   * @param range the window's length: from {@code t - range}, exclusive, to {@code t}, inclusive
   */
  record Window(WindowFunction function, Duration range, Comparison comparison, double threshold)
      implements AlertCondition {}

  /**
   * No sample for so long: {@code absent(5m)}.
   *
   * @param range how long
   */
  record Absent(Duration range) implements AlertCondition {}
}
