package io.tidegrid.store;

import java.time.Duration;

/**
 * When blocks that memory gave up are read back from the database.
 *
 * @param asks so many questions for a block within the window bring it back; 0 for never
 * @param window how long a question counts
 * @param keep a block that was read back stays for so long after it was last asked for
 */
public record ReloadOptions(int asks, Duration window, Duration keep) {

  private static final Duration DEFAULT_KEEP = Duration.ofMinutes(10);

  /** With the default for what is not named: 10 minutes. */
  public ReloadOptions(int asks, Duration window) {
    this(asks, window, DEFAULT_KEEP);
  }
}
