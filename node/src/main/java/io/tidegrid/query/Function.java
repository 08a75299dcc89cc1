package io.tidegrid.query;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What {@code /query} computes over the samples of a window. {@link #RATE}, {@link #INCREASE} and
 * {@link #DELTA} are computed for each series first (rate and increase with counter resets
 * corrected), then summed; all others pool the samples of the matching series.
 */
public enum Function {
  AVG,
  SUM,
  MIN,
  MAX,
  COUNT,
  RATE,
  INCREASE,
  DELTA,
  FIRST,
  LAST,
  STDDEV,
  P50,
  P90,
  P95,
  P99,
  RAW;

  /** Returns the name in requests and answers, such as {@code avg}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the function of that name, in any case. */
  public static Optional<Function> of(String text) {
    return Arrays.stream(values()).filter(f -> f.name().equalsIgnoreCase(text)).findFirst();
  }
}
