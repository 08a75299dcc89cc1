package io.tidegrid.store;

import io.tidegrid.grid.Birth;
import java.util.List;

/**
 * Gives shards that started empty what the database has of them. Each call reaches the owner and
 * its backups before it returns; repeating one changes nothing. Safe for use by many threads.
 *
 * <p>What is given goes to the shard as it was when {@link #shardsToRestore} last named it. When
 * that is gone, because all its copies were lost and it began anew, the methods with a shard throw
 * {@link ShardMovedException}: the new one lacks what the old one was given, and has to be restored
 * from the beginning.
 */
public interface ShardRestorer {

  /** Returns the shards owned by this member that still lack their directory or their samples. */
  List<Integer> shardsToRestore();

  /** Tells whether so little memory is left that older samples should stay in the database. */
  boolean isMemoryScarce();

  /** Returns the shard in which a series lies, whoever owns it. */
  int shardOf(String tenant, io.tidegrid.model.Labels labels);

  /** Enters series under the ids they have in the database. */
  void restoreSeries(int shard, List<Birth> series);

  /**
   * Adds what the database has marked as written to since its rollups were stored. To be called
   * before {@link #directoryRestored}: what is not marked by then is taken for clean.
   */
  void restoreDirt(int shard, RollupDirt marks);

  /** Says that all series of the shard have been entered. Queries are answered from then on. */
  void directoryRestored(int shard);

  /**
   * Enters samples, of any series of the directory, in any order. Where memory already has a sample
   * of that (series, time), memory's stays: it was written after the restart.
   */
  void restoreSamples(int shard, long[] ids, long[] times, double[] values, int size);

  /** Says that every sample at or after {@code fromMs} has been entered. */
  void restoredFrom(int shard, long fromMs);
}
