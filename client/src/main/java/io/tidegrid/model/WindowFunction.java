package io.tidegrid.model;

/** What a rule computes from the samples of a rolling window. */
public enum WindowFunction {
  AVG,
  MIN,
  MAX,
  SUM,
  COUNT,
  /** The reset-corrected increase by the second of the window. */
  RATE,
  /** The sum of the rises; after a counter's reset its new value counts as one. */
  INCREASE,
  /** The population's standard deviation. */
  STDDEV,
  P50,
  P90,
  P95,
  P99
}
