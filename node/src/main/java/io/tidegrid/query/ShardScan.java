package io.tidegrid.query;

import io.tidegrid.store.SampleBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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

  /** Returns from when to when samples are to be read from the database; empty when none are. */
  Optional<TimeRange> lacked() {
    long from = Long.MAX_VALUE;
    long to = Long.MIN_VALUE;
    for (PendingSeries open : pending) {
      from = Math.min(from, open.archive().fromMs());
      to = Math.max(to, open.archive().toMs());
    }
    for (PendingRollup open : pendingRollups) {
      for (PendingRollup.Part part : open.parts()) {
        if (part instanceof PendingRollup.Samples hole) {
          from = Math.min(from, hole.archive().fromMs());
          to = Math.max(to, hole.archive().toMs());
        }
      }
    }
    return from <= to ? Optional.of(new TimeRange(from, to)) : Optional.empty();
  }

  /** Gives back what this reading took of the budget, because its result is void. */
  void giveBack() {
    budget.addSamples(-samples);
    budget.addSeries(-series);
  }
}
