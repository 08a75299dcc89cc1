package io.tidegrid.http;

import io.tidegrid.query.SeriesSamples;

/** Thins a series out for a chart. Safe for use by many threads. */
@FunctionalInterface
public interface Downsampler {

  /**
   * Returns at most {@code points} of the samples, the first and the last among them.
   *
   * @param samples more than {@code points} samples
   * @param points at least 1
   */
  SeriesSamples downsample(SeriesSamples samples, int points);
}
