package io.tidegrid.alert;

import java.time.Duration;

/**
 * How alerts are evaluated. Each member goes by its own.
 *
 * @param staleAfter how long after its last sample arrived a series' alerts end; default 5 min
 * @param resolvedKept how long resolved alerts are remembered, so that nothing that is read again
 *     fires them again; at least 3 s; default 15 min
 * @param maxWaitingSamples how many samples may wait to be judged; what comes beyond is read from
 *     memory later; at least 1; default 2,000,000
 * @param maxWindowBytes how much memory of a member the samples of rolling windows take; windows
 *     beyond are read from the blocks once a second; default 256 MiB
 */
public record EvaluationOptions(
    Duration staleAfter, Duration resolvedKept, long maxWaitingSamples, long maxWindowBytes) {

  /** The defaults named above. */
  public static final EvaluationOptions DEFAULT =
      new EvaluationOptions(Duration.ofMinutes(5), Duration.ofMinutes(15), 2_000_000, 256L << 20);

  /**
   * @throws IllegalArgumentException when something is out of its range
   */
  public EvaluationOptions {
    if (staleAfter.toMillis() < 1 || resolvedKept.toMillis() < 3000) {
      throw new IllegalArgumentException("a duration of alerts is too short");
    }
    if (maxWaitingSamples < 1 || maxWindowBytes < 0) {
      throw new IllegalArgumentException("a limit of alerts is too small");
    }
  }

  /**
   * Returns how far back samples are judged of which nothing is known, in milliseconds. What was
   * resolved within that time is remembered, also when its samples came from ten minutes ahead.
   */
  long lookbackMs() {
    return resolvedKept.toMillis() / 3;
  }
}
