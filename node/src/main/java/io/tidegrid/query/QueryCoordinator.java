package io.tidegrid.query;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.IExecutorService;
import com.hazelcast.partition.Partition;
import com.hazelcast.spi.exception.RetryableException;
import io.tidegrid.grid.GridNames;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Puts a question to the owners of all shards and merges what they answer. A shard that moved, or
 * whose owner left, is asked again at its new owner, and only that one; so each shard is in the
 * answer exactly once. Safe for use by many threads.
 */
final class QueryCoordinator {

  /** How long a query waits for directories that a cold start is still filling. */
  private static final long NOT_READY_WAIT_MS = 1_000;

  private static final long POLL_MS = 50;
  private static final long FIRST_PAUSE_MS = 2;
  private static final long LONGEST_PAUSE_MS = 64;

  private record Asked(ShardSet shards, Future<QueryReply> reply) {}

  private final MemberReader local;
  private final IExecutorService executor;

  /** Shard i is partition i, so the partitions in order are the shards. */
  private final Partition[] partitions;

  QueryCoordinator(HazelcastInstance hazelcast, MemberReader local) {
    this.local = local;
    this.executor = hazelcast.getExecutorService(GridNames.QUERY_EXECUTOR);
    this.partitions =
        hazelcast.getPartitionService().getPartitions().stream()
            .sorted(Comparator.comparingInt(Partition::getPartitionId))
            .toArray(Partition[]::new);
    if (partitions.length != local.shards()) {
      throw new IllegalArgumentException(
          "there are " + local.shards() + " shards but " + partitions.length + " partitions");
    }
  }

  /**
   * Returns the answer over all shards.
   *
   * @throws TidegridException as {@link QueryEngine} says
   */
  <A extends Answer<A>> A ask(ShardQuestion<A> question, QueryBudget budget) {
    try {
      return askUntilWhole(question, budget);
    } catch (HazelcastInstanceNotActiveException e) {
      throw notReady("the node is shutting down; ask another one", e);
    }
  }

  private <A extends Answer<A>> A askUntilWhole(ShardQuestion<A> question, QueryBudget budget) {
    A answer = question.newAnswer();
    ShardSet open = ShardSet.below(partitions.length);
    long pauseMs = FIRST_PAUSE_MS;
    long startMs = budget.nowMs();
    while (true) {
      ShardSet notReady = new ShardSet();
      open = askOnce(question, open, answer, notReady, budget);
      if (answer.decided() || (open.isEmpty() && notReady.isEmpty())) {
        return answer;
      }
      if (!notReady.isEmpty()
          && (budget.nowMs() - startMs >= NOT_READY_WAIT_MS
              || budget.remaining().toMillis() <= pauseMs)) {
        throw notReady(
            "the node has not read its series from the database yet; ask again in a second, or look at /db/status",
            null);
      }
      open.addAll(notReady);
      pause(pauseMs, budget);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  /** Asks each owner once and returns the shards that have to be asked again at once. */
  private <A extends Answer<A>> ShardSet askOnce(
      ShardQuestion<A> question, ShardSet shards, A answer, ShardSet notReady, QueryBudget budget) {
    ShardSet again = new ShardSet();
    ShardSet mine = new ShardSet();
    Map<Member, ShardSet> others = new HashMap<>();
    for (int shard = shards.next(0); shard >= 0; shard = shards.next(shard + 1)) {
      Member owner = partitions[shard].getOwner();
      if (owner == null) {
        again.add(shard);
      } else if (owner.localMember()) {
        mine.add(shard);
      } else {
        others.computeIfAbsent(owner, ignored -> new ShardSet()).add(shard);
      }
    }
    List<Asked> asked = new ArrayList<>(others.size());
    try {
      others.forEach((member, theirs) -> askMember(question, member, theirs, budget, asked, again));
      if (!mine.isEmpty()) {
        MemberAnswer own = local.read(question, mine, budget);
        merge(question, own, answer, again, notReady);
        if (answer.decided()) {
          return again;
        }
      }
      for (Asked one : asked) {
        Optional<MemberAnswer> theirs = await(one.reply(), budget);
        if (theirs.isPresent()) {
          budget.addSamples(theirs.get().samples());
          budget.addSeries(theirs.get().series());
          merge(question, theirs.get(), answer, again, notReady);
          answer.check(budget);
        } else {
          again.addAll(one.shards());
        }
      }
      return again;
    } finally {
      asked.forEach(one -> one.reply().cancel(true));
    }
  }

  private static <A extends Answer<A>> void merge(
      ShardQuestion<A> question, MemberAnswer from, A answer, ShardSet again, ShardSet notReady) {
    answer.merge(question.answerType().cast(from.answer()));
    again.addAll(from.moved());
    notReady.addAll(from.notReady());
  }

  private void askMember(
      ShardQuestion<?> question,
      Member member,
      ShardSet shards,
      QueryBudget budget,
      List<Asked> asked,
      ShardSet again) {
    try {
      QueryTask task = new QueryTask(question, shards, budget.remaining());
      asked.add(new Asked(shards, executor.submitToMember(task, member)));
    } catch (RuntimeException e) {
      if (!isPassing(e)) {
        throw e;
      }
      again.addAll(shards);
    }
  }

  /** Returns the reply; empty when the member went away, so that its shards have new owners. */
  private static Optional<MemberAnswer> await(Future<QueryReply> reply, QueryBudget budget) {
    while (true) {
      try {
        return Optional.of(reply.get(POLL_MS, TimeUnit.MILLISECONDS).answer());
      } catch (TimeoutException e) {
        budget.check();
      } catch (CancellationException e) {
        return Optional.empty();
      } catch (ExecutionException e) {
        if (isPassing(e) || isPassing(e.getCause())) {
          return Optional.empty();
        }
        throw new IllegalStateException("another member failed to answer a query", e.getCause());
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  private static boolean isPassing(Throwable e) {
    return e instanceof RetryableException
        || e instanceof HazelcastInstanceNotActiveException
        || e instanceof CancellationException
        || e instanceof RejectedExecutionException;
  }

  private static void pause(long pauseMs, QueryBudget budget) {
    budget.check();
    try {
      TimeUnit.MILLISECONDS.sleep(Math.min(pauseMs, budget.remaining().toMillis()));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    budget.check();
  }

  private static TidegridException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new TidegridException(
        ErrorCode.CANCELLED, "the query was cancelled", List.of(), Duration.ZERO, e);
  }

  private static TidegridException notReady(String detail, Throwable cause) {
    return new TidegridException(
        ErrorCode.NOT_READY, detail, List.of(), Duration.ofSeconds(1), cause);
  }
}
