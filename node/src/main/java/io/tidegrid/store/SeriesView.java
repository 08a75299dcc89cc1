package io.tidegrid.store;

import io.tidegrid.model.Labels;

/** One series as memory holds it at the moment of each call. Safe for use by many threads. */
public interface SeriesView {

  /** Returns the id of the series within its shard and in the database. */
  long id();

  /** Returns the labels, the metric name among them. */
  Labels labels();

  /**
   * Appends the samples with {@code fromMs <= time <= toMs} to the buffer, in ascending order of
   * time, each time once, and returns how many. Linear in the samples of the blocks touched.
   */
  int copy(long fromMs, long toMs, SampleBuffer into);

  /**
   * Appends the newest sample at or before {@code toMs} to the buffer and tells whether memory has
   * one.
   */
  boolean copyLatest(long toMs, SampleBuffer into);

  /** Returns the time of the earliest sample in memory; {@link Long#MAX_VALUE} without any. */
  long firstTimeMs();

  /** Returns the time of the latest sample in memory; {@link Long#MIN_VALUE} without any. */
  long lastTimeMs();

  /** Returns the number of samples in memory. */
  default long sampleCount() {
    return sampleCount(Long.MIN_VALUE);
  }

  /** Returns the number of samples in memory from a time on. */
  long sampleCount(long fromMs);
}
