package io.tidegrid.query;

import io.tidegrid.store.SampleBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One reading of one shard: what it has found so far. It is thrown away whole when the shard turns
 * out to have moved during the reading. Used by one thread.
 *
 * @param <A> the kind of answer
 */
final class ShardScan<A extends Answer<A>> {

  private final A answer;
  private final QueryPlanner planner;
  private final QueryBudget budget;
  private final SampleBuffer buffer;
  private final List<PendingSeries> pending = new ArrayList<>(0);
  private final List<PendingRollup> pendingRollups = new ArrayList<>(0);
  private long samples;
  private long series;

  /**
   * @param buffer scratch space that may be shared by readings of one thread
   */
  ShardScan(A answer, QueryPlanner planner, QueryBudget budget, SampleBuffer buffer) {
    this.answer = answer;
    this.planner = planner;
    this.budget = budget;
    this.buffer = buffer;
  }

  A answer() {
    return answer;
  }

  QueryPlanner planner() {
    return planner;
  }

  QueryBudget budget() {
    return budget;
  }

  SampleBuffer buffer() {
    return buffer;
  }

  List<PendingSeries> pending() {
    return pending;
  }

  List<PendingRollup> pendingRollups() {
    return pendingRollups;
  }

  void countSeries() {
    budget.check();
    series++;
    budget.addSeries(1);
  }

  void countSamples(int more) {
    samples += more;
    budget.addSamples(more);
  }

  /** Gives back what this reading took of the budget, because its result is void. */
  void giveBack() {
    budget.addSamples(-samples);
    budget.addSeries(-series);
  }
}
