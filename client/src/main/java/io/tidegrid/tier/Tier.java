package io.tidegrid.tier;

import java.util.Arrays;
import java.util.Optional;

/** The lengths of windows that are computed ahead. Windows start at multiples of it since 1970. */
public enum Tier {
  ONE_MINUTE("1m", 60_000L),
  FIVE_MINUTES("5m", 300_000L),
  ONE_HOUR("1h", 3_600_000L),
  ONE_DAY("1d", 86_400_000L);

  private final String text;
  private final long windowMs;

  Tier(String text, long windowMs) {
    this.text = text;
    this.windowMs = windowMs;
  }

  /** Returns the name in requests and answers, such as {@code 5m}. */
  public String text() {
    return text;
  }

  /** Returns the length of a window in milliseconds. */
  public long windowMs() {
    return windowMs;
  }

  /** Returns the start of the window that a time lies in. */
  public long startOf(long timeMs) {
    return Math.floorDiv(timeMs, windowMs) * windowMs;
  }

  /** Returns the tier of that name. */
  public static Optional<Tier> of(String text) {
    return Arrays.stream(values()).filter(tier -> tier.text.equals(text)).findFirst();
  }
}
