package io.tidegrid.alert;

import java.time.Duration;

/** Is told what evaluation does, for meters. Called by the evaluating thread; must not block. */
public interface AlertListener {

  /** Takes no note of anything. */
  AlertListener SILENT = new AlertListener() {};

  /**
   * Batches were judged.
   *
   * @param batches how many; at least one
   * @param samples in all of them
   * @param lag from the arrival of the one that waited longest until all were judged
   */
  default void judged(int batches, long samples, Duration lag) {}

  /** Samples came faster than they were judged; they are read from memory later. */
  default void overflowed(long samples) {}

  /** Batches of a shard are missing; its samples are read from memory. */
  default void gap(int shard) {}

  /** A shard was read from memory, because it was taken over or batches were missing. */
  default void repaired(int shard, Duration took) {}

  /** Changes were recorded. */
  default void recorded(int changes, int breaches) {}

  /** Changes could not be recorded now; they are tried again. */
  default void recordFailed(int shard, Throwable cause) {}

  /** An alert could not be evaluated for a reason nobody thought of. */
  default void failed(int shard, Throwable cause) {}

  /** Tells once a second how much there is. */
  default void size(Size size) {}

  /**
   * How much there is on this member.
   *
   * @param shards shards that are evaluated
   * @param series series that meet a rule
   * @param standings alerts of them that are pending, firing, or resolved lately
   * @param bytes what all that takes, about
   * @param windowBytes what the samples of rolling windows take
   * @param waitingSamples samples that wait to be judged
   */
  record Size(
      int shards, long series, long standings, long bytes, long windowBytes, long waitingSamples) {}
}
