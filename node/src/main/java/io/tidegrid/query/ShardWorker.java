package io.tidegrid.query;

import io.tidegrid.store.BlockDemand;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardReader;
import io.tidegrid.store.ShardView;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads shards from a queue, one after the other, and gathers what they answer. Used by one thread.
 *
 * @param <A> the kind of answer
 */
final class ShardWorker<A extends Answer<A>> {

  /**
   * So many series may wait for the database before they are completed: what is known of them is
   * held in memory.
   */
  private static final int MAX_PENDING_ROLLUPS = 2_000;

  private final ShardReader reader;
  private final BlockDemand demand;
  private final Archives archives;
  private final ShardQuestion<A> question;
  private final QueryPlanner planner;
  private final QueryBudget budget;
  private final ShardQueue queue;
  private final SampleBuffer buffer = new SampleBuffer();
  private final A answer;
  private final List<PendingSeries> pending = new ArrayList<>(0);
  private final List<PendingRollup> pendingRollups = new ArrayList<>(0);
  private final ShardSet moved = new ShardSet();
  private final ShardSet notReady = new ShardSet();

  ShardWorker(
      ShardReader reader,
      BlockDemand demand,
      Archives archives,
      ShardQuestion<A> question,
      QueryPlanner planner,
      QueryBudget budget,
      ShardQueue queue) {
    this.reader = reader;
    this.demand = demand;
    this.archives = archives;
    this.question = question;
    this.planner = planner;
    this.budget = budget;
    this.queue = queue;
    this.answer = question.newAnswer();
  }

  A answer() {
    return answer;
  }

  List<PendingSeries> pending() {
    return pending;
  }

  List<PendingRollup> pendingRollups() {
    return pendingRollups;
  }

  ShardSet moved() {
    return moved;
  }

  ShardSet notReady() {
    return notReady;
  }

  /** Reads until the queue is empty. */
  void work() {
    try {
      while (step()) {}
    } catch (RuntimeException e) {
      queue.fail(e);
      throw e;
    }
  }

  /** Reads until the queue is empty or the time has come; at least one shard. */
  void workUntil(long nanoTime) {
    while (step()) {
      if (System.nanoTime() - nanoTime >= 0) {
        return;
      }
    }
  }

  private boolean step() {
    int shard = queue.poll();
    if (shard < 0) {
      return false;
    }
    budget.check();
    readShard(shard);
    if (answer.decided()) {
      queue.clear();
    }
    return true;
  }

  private void readShard(int shard) {
    ShardScan<A> scan = new ShardScan<>(question.newAnswer(), planner, budget, buffer);
    try {
      boolean ready = reader.read(shard, view -> readIfReady(view, scan));
      if (!ready) {
        notReady.add(shard);
        return;
      }
    } catch (ShardMovedException e) {
      scan.giveBack();
      moved.add(shard);
      return;
    }
    scan.lacked().ifPresent(range -> demand.missed(shard, range.fromMs(), range.toMs()));
    answer.merge(scan.answer());
    pending.addAll(scan.pending());
    pendingRollups.addAll(scan.pendingRollups());
    answer.check(budget);
    if (pendingRollups.size() >= MAX_PENDING_ROLLUPS) {
      question.readRollups(archives, pendingRollups, answer, budget);
      pendingRollups.clear();
    }
  }

  private boolean readIfReady(ShardView view, ShardScan<A> scan) {
    if (!view.directoryWhole()) {
      return false;
    }
    question.readMemory(view, scan);
    return true;
  }

  /** Takes over what another worker of the same question has gathered, after it has ended. */
  void takeOver(ShardWorker<A> other) {
    answer.merge(other.answer);
    pending.addAll(other.pending);
    pendingRollups.addAll(other.pendingRollups);
    moved.addAll(other.moved);
    notReady.addAll(other.notReady);
  }
}
