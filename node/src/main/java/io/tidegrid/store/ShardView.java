package io.tidegrid.store;

import io.tidegrid.model.Matcher;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A shard that this member owns, for reading. Valid only inside {@link ShardReader#read}. */
public interface ShardView {

  /** Returns the shard, from 0. */
  int shard();

  /**
   * Returns the time from which on memory holds every sample of the shard; of earlier ones the
   * database may have more. {@link Long#MIN_VALUE} when there is no database. May lie in the future
   * (after a cold start, until the replay is done).
   */
  long wholeFromMs();

  /**
   * Returns of which times memory holds every sample now: those from {@link #wholeFromMs} on, and
   * of earlier ones blocks that were read back from the database. Who reads samples asks before and
   * after, and relies on {@link Coverage#and both}. Cheap, and takes no lock.
   */
  default Coverage coverage() {
    return Coverage.from(wholeFromMs());
  }

  /**
   * Returns whether all series of the shard are in its directory. False until a cold start is over.
   */
  boolean directoryWhole();

  /**
   * Returns which blocks and days were written to since their rollups were stored. What was
   * acknowledged before the call is in it. The sequences may be older than those of {@link
   * RollupMarks#dirt}. Means nothing unless {@link #directoryWhole} was true before the call; with
   * no database nothing is ever dirty. Cheap, and takes no lock.
   */
  RollupDirt dirt();

  /** Returns the tenants that have series here. */
  Set<String> tenants();

  /**
   * Calls the consumer with each series of the tenant that meets all matchers. The cost is that of
   * intersecting the postings of the matched values, then linear in the result.
   */
  void select(String tenant, List<Matcher> matchers, Consumer<SeriesView> consumer);

  /** Returns the names of all labels of the tenant's series. */
  Set<String> labelNames(String tenant);

  /** Returns the values that a label has in the tenant's series. */
  Set<String> labelValues(String tenant, String label);
}
