package io.tidegrid.persist;

import java.time.Duration;

/**
 * When recent rows are compacted, and when compacted ones are dropped.
 *
 * @param delay how long after its end a block is compacted, default 15 min; samples that come later
 *     are folded in after a third of it
 * @param share most of its time that a member spends on it, above 0 to 1, default 0.5; a tenth of
 *     it while writers are held back because the database is slow
 * @param rawRetention how long compacted samples are kept, default 30 days; zero keeps them for
 *     ever
 */
public record CompactionOptions(Duration delay, double share, Duration rawRetention) {

  /** The defaults. */
  public static final CompactionOptions DEFAULT =
      new CompactionOptions(Duration.ofMinutes(15), 0.5, Duration.ofDays(30));

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException when a duration is negative or the share is not above 0 to 1
   */
  public CompactionOptions {
    if (delay.isNegative() || rawRetention.isNegative() || !(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "compaction wants durations that are not negative and a share above 0 to 1");
    }
  }
}
