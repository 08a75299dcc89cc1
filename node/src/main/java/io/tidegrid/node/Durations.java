package io.tidegrid.node;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as Prometheus writes them: {@code 500ms 90s 5m 1h 7d 2w 1y}, also {@code 1h30m}. */
public final class Durations {

  private static final Pattern FORM =
      Pattern.compile(
          "(?:(\\d{1,18})y)?(?:(\\d{1,18})w)?(?:(\\d{1,18})d)?(?:(\\d{1,18})h)?"
              + "(?:(\\d{1,18})m)?(?:(\\d{1,18})s)?(?:(\\d{1,18})ms)?");

  private static final long[] UNIT_MS = {
    365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000, 1
  };
  private static final String[] UNITS = {"y", "w", "d", "h", "m", "s", "ms"};

  private Durations() {}

  /**
   * Reads a duration. Units come in descending order, each at most once; a bare {@code 0} is zero.
   *
   * @throws IllegalArgumentException for any other text, also for a number without a unit
   */
  public static Duration parse(String text) {
    String stripped = text.strip();
    if (stripped.equals("0")) {
      return Duration.ZERO;
    }
    Matcher matcher = FORM.matcher(stripped);
    if (stripped.isEmpty() || !matcher.matches()) {
      throw new IllegalArgumentException("not a duration: " + text);
    }
    try {
      long total = 0;
      for (int i = 0; i < UNIT_MS.length; i++) {
        String count = matcher.group(i + 1);
        if (count != null) {
          total = Math.addExact(total, Math.multiplyExact(Long.parseLong(count), UNIT_MS[i]));
        }
      }
      return Duration.ofMillis(total);
    } catch (ArithmeticException tooLong) {
      throw new IllegalArgumentException("too long a duration: " + text, tooLong);
    }
  }

  /** Writes a duration of whole milliseconds in the largest unit that divides it: {@code 90s}. */
  public static String format(Duration duration) {
    long ms = duration.toMillis();
    if (ms == 0) {
      return "0s";
    }
    // Years and weeks are left out: 365d says more than 1y.
    for (int i = 2; i < UNIT_MS.length; i++) {
      if (ms % UNIT_MS[i] == 0) {
        return ms / UNIT_MS[i] + UNITS[i];
      }
    }
    throw new AssertionError("every number of milliseconds is a multiple of one");
  }
}
