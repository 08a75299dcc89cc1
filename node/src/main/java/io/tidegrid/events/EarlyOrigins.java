package io.tidegrid.events;

import io.tidegrid.grid.EventBatch;
import io.tidegrid.model.TidegridException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Has every shard begin to remember ids as soon as the database can say what came before. Shards
 * that began with their first event would have to ask then, and could take none while the database
 * is away. Done once a start of a member; shards that have begun are left as they are.
 */
final class EarlyOrigins implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(EarlyOrigins.class.getName());

  private static final long PAUSE_MS = 500;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(25);

  private final GridEvents grid;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  EarlyOrigins(GridEvents grid) {
    this.grid = grid;
    this.thread = Thread.ofPlatform().name("tidegrid-event-origins").daemon().start(this::run);
  }

  private void run() {
    try {
      do {
        try {
          refine(provisional());
          return;
        } catch (TidegridException e) {
          LOG.log(
              System.Logger.Level.DEBUG, "ids of events are not begun yet: {0}", e.getMessage());
        } catch (RuntimeException e) {
          if (closing.getCount() > 0) {
            LOG.log(System.Logger.Level.WARNING, "ids of events could not be begun", e);
          }
        }
      } while (!closing.await(PAUSE_MS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns how the shards began that were never told what came before. */
  private Map<Integer, Origin> provisional() {
    GridCalls<ReserveOutcome> calls = new GridCalls<>(System.nanoTime() + PATIENCE_NANOS);
    for (int i = 0; i < grid.seeds().length(); i++) {
      int shard = i;
      calls.add(
          shard,
          () ->
              grid.calls()
                  .reserve(
                      shard,
                      new ReserveProcessor(shard, 0, 0, new UUID(0, 0), new long[0], new long[0])));
    }
    Map<Integer, Origin> provisional = new HashMap<>();
    calls.await((shard, outcome) -> {
      grid.seeds().set(shard, outcome.origin().seed());
      if (outcome.origin().provisional()) {
        provisional.put(shard, outcome.origin());
      }
    });
    return provisional;
  }

  private void refine(Map<Integer, Origin> origins) {
    if (origins.isEmpty()) {
      return;
    }
    long[] none = {};
    long latest = grid.latestTime(origins.values());
    GridCalls<WriteOutcome> calls = new GridCalls<>(System.nanoTime() + PATIENCE_NANOS);
    origins.forEach((shard, origin) -> {
      ShardWrite write =
          new ShardWrite(
              origin.seed(),
              0,
              EventSend.random(),
              none,
              none,
              none,
              Long.MIN_VALUE,
              Math.max(origin.createdMs(), latest),
              new EventBatch());
      calls.add(shard, () -> grid.calls().write(shard, write));
    });
    calls.await((shard, outcome) -> {});
  }

  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
  }
}
