package io.tidegrid.query;

import io.tidegrid.model.Labels;

/** Takes whole series, one after the other, each once. Not safe for use by many threads. */
@FunctionalInterface
interface SampleSink {

  /**
   * Takes the samples of a series. The arrays are only valid during the call.
   *
   * @param size how many samples the arrays hold; 0 for a series without any in the range
   */
  void accept(Labels labels, long[] times, double[] values, int size);
}
