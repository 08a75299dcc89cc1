package io.tidegrid.persist;

import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Commits what many callers wait for at once in one transaction: while one commit is on its way the
 * next callers gather. Safe for use by many threads.
 */
final class GroupCommitter implements AutoCloseable {

  private static final int MAX_GROUP = 256;

  private final JournalStore store;
  private final Duration timeout;
  private final LinkedBlockingQueue<Request> queue = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean closed;

  private record Request(Map<JournalKey, JournalBatch> batches, CompletableFuture<Void> done) {}

  GroupCommitter(JournalStore store, Duration timeout) {
    this.store = store;
    this.timeout = timeout;
    this.thread = Thread.ofPlatform().name("tidegrid-commit").daemon().start(this::run);
  }

  /**
   * Returns when all batches are committed.
   *
   * @throws TidegridException {@code STORAGE_AWAY}, worth a retry, when that took too long; they
   *     may be committed all the same
   */
  void commit(Map<JournalKey, JournalBatch> batches) {
    Request request = new Request(Map.copyOf(batches), new CompletableFuture<>());
    if (!closed) {
      queue.add(request);
    }
    try {
      if (closed) {
        throw new TimeoutException();
      }
      request.done().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TidegridException known) {
        throw known;
      }
      throw away(e.getCause());
    } catch (TimeoutException e) {
      // Not worth storing for this caller's sake any more; write-behind has it.
      boolean ignored = queue.remove(request);
      throw away(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw away(e);
    }
  }

  private static TidegridException away(Throwable cause) {
    return new TidegridException(
        ErrorCode.STORAGE_AWAY,
        "the database did not commit in time; the samples are kept in memory and will be stored"
            + " when it is back",
        List.of(),
        Duration.ofSeconds(5),
        cause);
  }

  private void run() {
    List<Request> group = new ArrayList<>();
    while (!closed) {
      group.clear();
      try {
        group.add(queue.take());
      } catch (InterruptedException e) {
        return;
      }
      int ignored = queue.drainTo(group, MAX_GROUP - 1);
      Map<JournalKey, JournalBatch> all = new HashMap<>();
      group.forEach(request -> all.putAll(request.batches()));
      try {
        store.storeAll(all, timeout);
        group.forEach(request -> request.done().complete(null));
      } catch (RuntimeException e) {
        group.forEach(request -> request.done().completeExceptionally(e));
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
