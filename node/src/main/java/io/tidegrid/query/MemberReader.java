package io.tidegrid.query;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.BlockDemand;
import io.tidegrid.store.ShardReader;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;

/**
 * Answers questions about the shards of this member. Small questions are answered on the thread
 * that asks; one that has not come through after {@value #INLINE_MICROS} µs is shared out to a
 * bounded pool, so that big ones use all processors and block no caller's carrier thread. Safe for
 * use by many threads.
 */
final class MemberReader implements AutoCloseable {

  /** Where members find their reader when another one asks. */
  static final String USER_CONTEXT_KEY = "tidegrid.query.reader";

  private static final long INLINE_MICROS = 500;
  private static final long POLL_MS = 20;

  private final ShardReader reader;
  private final BlockDemand demand;
  private final Archives archives;
  private final QueryPlanner planner;
  private final QueryOptions options;
  private final InstantSource clock;
  private final LongAdder databaseReads = new LongAdder();
  private final ThreadPoolExecutor pool;

  MemberReader(
      ShardReader reader,
      BlockDemand demand,
      Archives archives,
      QueryOptions options,
      InstantSource clock) {
    this.reader = reader;
    this.demand = demand;
    this.archives = archives;
    this.planner = new QueryPlanner(archives.samples().isPresent(), archives.rollups());
    this.options = options;
    this.clock = clock;
    this.pool =
        new ThreadPoolExecutor(
            options.threads(),
            options.threads(),
            1,
            TimeUnit.MINUTES,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("tidegrid-query-", 0).daemon().factory());
    pool.allowCoreThreadTimeOut(true);
  }

  int shards() {
    return reader.shards();
  }

  /** Returns how many times the database was asked for samples or windows of a question. */
  long databaseReads() {
    return databaseReads.sum();
  }

  int busyThreads() {
    return pool.getActiveCount();
  }

  /** Answers another member, whose cancellation comes as an interrupt of the calling thread. */
  MemberAnswer readForOther(ShardQuestion<?> question, ShardSet shards, Duration timeout) {
    return read(
        question,
        shards,
        new QueryBudget(options, clock, timeout, Thread.currentThread()::isInterrupted));
  }

  /**
   * Reads the shards as far as they are owned by this member and ready.
   *
   * @throws TidegridException when the budget is used up, or the database is away and needed
   */
  <A extends Answer<A>> MemberAnswer read(
      ShardQuestion<A> question, ShardSet shards, QueryBudget budget) {
    long samplesBefore = budget.samples();
    long seriesBefore = budget.series();
    ShardQueue queue = new ShardQueue(shards);
    ShardWorker<A> first =
        new ShardWorker<>(reader, demand, archives, question, planner, budget, queue);
    first.workUntil(System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(INLINE_MICROS));
    if (!queue.isEmpty()) {
      for (ShardWorker<A> helper : readInPool(question, budget, queue)) {
        first.takeOver(helper);
      }
    }
    A answer = first.answer();
    answer.check(budget);
    if (!first.pending().isEmpty()) {
      databaseReads.increment();
      question.readArchive(archives.samples().orElseThrow(), first.pending(), answer, budget);
    }
    if (!first.pendingRollups().isEmpty()) {
      databaseReads.increment();
      question.readRollups(archives, first.pendingRollups(), answer, budget);
    }
    return new MemberAnswer(
        answer,
        first.moved(),
        first.notReady(),
        budget.samples() - samplesBefore,
        budget.series() - seriesBefore);
  }

  private <A extends Answer<A>> List<ShardWorker<A>> readInPool(
      ShardQuestion<A> question, QueryBudget budget, ShardQueue queue) {
    int count = Math.min(options.threads(), queue.size());
    List<ShardWorker<A>> workers = new ArrayList<>(count);
    List<Future<?>> running = new ArrayList<>(count);
    try {
      for (int i = 0; i < count; i++) {
        ShardWorker<A> worker =
            new ShardWorker<>(reader, demand, archives, question, planner, budget, queue);
        workers.add(worker);
        running.add(pool.submit(worker::work));
      }
      for (Future<?> one : running) {
        await(one, budget);
      }
      return workers;
    } catch (RejectedExecutionException e) {
      throw new TidegridException(
          ErrorCode.NOT_READY,
          "the node is shutting down; ask another one",
          List.of(),
          Duration.ofSeconds(1),
          e);
    } catch (RuntimeException e) {
      budget.abandon();
      throw queue.firstFailure().orElse(e);
    }
  }

  private static void await(Future<?> running, QueryBudget budget) {
    while (true) {
      try {
        running.get(POLL_MS, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        budget.check();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof RuntimeException cause
            ? cause
            : new IllegalStateException("reading a shard failed", e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TidegridException(
            ErrorCode.CANCELLED, "the query was cancelled", List.of(), Duration.ZERO, e);
      }
    }
  }

  @Override
  public void close() {
    pool.shutdownNow();
  }
}
