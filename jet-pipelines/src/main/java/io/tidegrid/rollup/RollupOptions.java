package io.tidegrid.rollup;

import java.time.Duration;

/**
 * When spans are computed. Each member goes by its own.
 *
 * @param grace how long after its end a span is computed for the first time, so that samples that
 *     are a little late are in; default 30 s
 * @param spread over how much time after that the shards take turns, so that not all of them
 *     compute at one moment; default 60 s
 * @param quiet how long a span that ended longer ago must not have been written to before it is
 *     computed; default 5 s; it doubles each time the same span is computed again
 * @param patience how long a span that is written to on and on waits at most, as long as computing
 *     all that do would not take more than a quarter of the time; default 60 s
 * @param maxBackoff to what the time between two computations of a span grows while it is written
 *     to on and on; default 15 min
 * @param lostAfter how long what was computed may take to be committed before it is taken for lost
 *     and computed again; default 60 s
 */
public record RollupOptions(
    Duration grace,
    Duration spread,
    Duration quiet,
    Duration patience,
    Duration maxBackoff,
    Duration lostAfter) {

  /** The defaults named above. */
  public static final RollupOptions DEFAULT =
      new RollupOptions(
          Duration.ofSeconds(30),
          Duration.ofSeconds(60),
          Duration.ofSeconds(5),
          Duration.ofSeconds(60),
          Duration.ofMinutes(15),
          Duration.ofSeconds(60));

  /**
   * @throws IllegalArgumentException when a duration is negative
   */
  public RollupOptions {
    for (Duration each : new Duration[] {grace, spread, quiet, patience, maxBackoff, lostAfter}) {
      if (each.isNegative()) {
        throw new IllegalArgumentException("a duration of rollups is negative: " + each);
      }
    }
  }

  /** Returns a copy with another grace and quiet time. */
  public RollupOptions with(Duration newGrace, Duration newQuiet) {
    return new RollupOptions(newGrace, spread, newQuiet, patience, maxBackoff, lostAfter);
  }
}
