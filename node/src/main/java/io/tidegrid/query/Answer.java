package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;

/**
 * The answer to a {@link ShardQuestion} over some shards. Those over disjoint shards merge into the
 * answer over all of them. Not safe for use by many threads.
 *
 * @param <A> the answer itself
 */
sealed interface Answer<A extends Answer<A>>
    permits ExistsAnswer,
        GroupedWindows,
        MetricAnswer,
        MetricsAnswer,
        NamesAnswer,
        RollupAnswer,
        SeriesAnswer {

  /** Takes over what the other holds; the other is not to be used afterwards. */
  void merge(A other);

  /** Tells whether no other shard can change the answer any more. */
  default boolean decided() {
    return false;
  }

  /** Throws when the answer has grown beyond the query's limits. */
  default void check(QueryBudget budget) {}

  /** Writes the answer for {@link AnswerWire}, without its kind. */
  void write(ObjectDataOutput out) throws IOException;
}
