package io.tidegrid.query;

import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.ShardView;
import java.util.List;

/**
 * What is asked of shards, on whichever member owns them: first of memory, shard by shard, then of
 * the database for the series of which memory does not hold everything.
 *
 * @param <A> the kind of answer
 */
sealed interface ShardQuestion<A extends Answer<A>>
    permits AggregateQuestion,
        ExistsQuestion,
        LabelValuesQuestion,
        LatestQuestion,
        MetricQuestion,
        MetricsQuestion,
        RollupQuestion,
        SamplesQuestion {

  /** Returns the kind of answer. */
  Class<A> answerType();

  /** Returns an answer over no shard. */
  A newAnswer();

  /** Reads what memory has of one shard. */
  void readMemory(ShardView view, ShardScan<A> scan);

  /**
   * Completes the answer from the database.
   *
   * @param pending what the readings of memory left open, at least one series
   */
  void readArchive(
      SampleArchive archive, List<PendingSeries> pending, A answer, QueryBudget budget);

  /**
   * Completes an answer of windows from the database.
   *
   * @param pending what the readings of memory left open, at least one series
   */
  default void readRollups(
      Archives archives, List<PendingRollup> pending, A answer, QueryBudget budget) {
    throw new IllegalStateException("only a question for windows leaves windows open");
  }
}
