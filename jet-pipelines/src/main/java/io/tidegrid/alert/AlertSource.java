package io.tidegrid.alert;

import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.Matcher;
import java.util.List;
import java.util.Optional;

/**
 * What evaluation reads of the shards of its member, beside what it is shown. Supplied by the node.
 * Safe for use by many threads.
 */
public interface AlertSource {

  /** Returns the number of shards of the cluster. */
  int shards();

  /**
   * Returns the version of a shard's partition while this member owns it, else -1. It changes
   * whenever the shard may have moved. Cheap.
   */
  int ownedVersion(int shard);

  /**
   * Returns a shard when this member owns it and memory has everything of it that it is to have.
   */
  Optional<ShardSamples> open(int shard);

  /** The samples of a shard, by the numbers of its series in {@link #table}. */
  interface ShardSamples {

    /** Returns the same object as batches are shown with. */
    SeriesTable table();

    /** Returns how many series there are; their numbers are those below. */
    int size();

    /** Returns the numbers of the tenant's series that meet all matchers. */
    int[] select(String tenant, List<Matcher> matchers);

    /**
     * Returns the sequence of the last batch that is in what is read afterwards, with all before.
     */
    long throughSequence();

    /** Returns the time of a series' newest sample; {@link Long#MIN_VALUE} without any. */
    long lastTimeMs(int number);

    /** Appends the samples of a series in {@code fromMs..toMs}, by time, each time once. */
    void copy(int number, long fromMs, long toMs, Samples into);

    /** Appends the newest sample of a series at or before a time, if there is one. */
    void copyLatest(int number, long toMs, Samples into);
  }
}
