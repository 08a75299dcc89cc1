package io.tidegrid.events;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.IndeterminateOperationStateException;
import com.hazelcast.core.MemberLeftException;
import com.hazelcast.core.OperationTimeoutException;
import com.hazelcast.partition.NoDataMemberInClusterException;
import com.hazelcast.spi.exception.RetryableException;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Calls to several shards at once, each repeated while that may help: all are such that doing them
 * twice changes nothing. Used by one thread.
 */
final class GridCalls<T> {

  private static final long PAUSE_MS = 50;

  private final long deadline;
  private final Map<Integer, Supplier<CompletableFuture<T>>> calls = new LinkedHashMap<>();

  /** Takes an answer. */
  @FunctionalInterface
  interface Answer<T> {
    void of(int shard, T answer);
  }

  /**
   * @param deadline in terms of {@link System#nanoTime}
   */
  GridCalls(long deadline) {
    this.deadline = deadline;
  }

  void add(int shard, Supplier<CompletableFuture<T>> call) {
    calls.put(shard, call);
  }

  /**
   * Makes the calls and hands over each answer; the last shards' too when one fails.
   *
   * @throws TidegridException {@code NOT_READY} when one does not go through in time
   */
  void await(Answer<T> answers) {
    while (!calls.isEmpty()) {
      Map<Integer, CompletableFuture<T>> sent = new LinkedHashMap<>();
      calls.forEach((shard, call) -> sent.put(shard, start(call)));
      RuntimeException failed = null;
      for (Map.Entry<Integer, CompletableFuture<T>> entry : sent.entrySet()) {
        int shard = entry.getKey();
        try {
          long left = Math.max(0, deadline - System.nanoTime()) + TimeUnit.SECONDS.toNanos(5);
          answers.of(shard, entry.getValue().get(left, TimeUnit.NANOSECONDS));
          calls.remove(shard);
        } catch (ExecutionException e) {
          if (!mayPass(e.getCause())) {
            failed = notReady(e.getCause());
          }
        } catch (TimeoutException e) {
          failed = notReady(e);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          failed = notReady(e);
        }
      }
      if (failed != null) {
        throw failed;
      }
      if (!calls.isEmpty()) {
        pause();
      }
    }
  }

  private static <T> CompletableFuture<T> start(Supplier<CompletableFuture<T>> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void pause() {
    if (System.nanoTime() >= deadline) {
      throw notReady(new TimeoutException());
    }
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notReady(e);
    }
  }

  private static boolean mayPass(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    return cause instanceof IndeterminateOperationStateException
        || cause instanceof MemberLeftException
        || cause instanceof RetryableException
        || cause instanceof OperationTimeoutException
        || cause instanceof NoDataMemberInClusterException;
  }

  static TidegridException notReady(Throwable cause) {
    if (cause instanceof TidegridException known) {
      return known;
    }
    return new TidegridException(
        ErrorCode.NOT_READY,
        cause instanceof HazelcastInstanceNotActiveException
            ? "the node is stopping; send the same to another node"
            : "a shard's owner did not confirm the events; send the same again",
        List.of(),
        Duration.ofSeconds(1),
        cause);
  }
}
