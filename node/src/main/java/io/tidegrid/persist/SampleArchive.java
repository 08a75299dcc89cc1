package io.tidegrid.persist;

import io.tidegrid.store.SampleBuffer;
import java.time.Duration;
import java.util.function.BiConsumer;

/** Reads samples from the database. Safe for use by many threads. */
public interface SampleArchive {

  /**
   * Reads the samples of some series with {@code fromMs <= time <= toMs}. The consumer is called
   * once for each series that has any, with its id and its samples in ascending order of time, each
   * time once (the highest sequence). The buffer is only valid during the call.
   *
   * @param ids series ids, in any order, each once
   * @param shards the shard of each of them
   * @param timeout after which the statement is cancelled
   * @throws io.tidegrid.model.TidegridException {@code STORAGE_AWAY} when the database cannot be
   *     reached, {@code QUERY_TIMEOUT} when it took too long
   */
  void read(
      long[] ids,
      int[] shards,
      long fromMs,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer);

  /**
   * Reads the newest sample at or before {@code toMs} of each series, as {@link #read} does.
   *
   * @throws io.tidegrid.model.TidegridException as {@link #read}
   */
  void readLatest(
      long[] ids,
      int[] shards,
      long toMs,
      Duration timeout,
      BiConsumer<Long, SampleBuffer> consumer);
}
