package io.tidegrid.ingest;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.IndeterminateOperationStateException;
import com.hazelcast.core.MemberLeftException;
import com.hazelcast.core.OperationTimeoutException;
import com.hazelcast.partition.NoDataMemberInClusterException;
import com.hazelcast.spi.exception.RetryableException;
import io.tidegrid.grid.Birth;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.AppendOutcome;
import io.tidegrid.store.ShardAppender;
import io.tidegrid.store.ShardBatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * This member's way to one shard. One append is under way at a time; what arrives meanwhile leaves
 * as one batch with the next (group commit), so that many small requests cost few grid operations.
 */
final class ShardLane {

  private static final int MAX_COMBINED = 50_000;
  private static final long RETRY_FOR_NANOS = TimeUnit.SECONDS.toNanos(25);
  private static final long RETRY_DELAY_MS = 50;

  private final int shard;
  private final ShardAppender appender;
  private final ScheduledExecutorService executor;
  private final Queue<Slice> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean busy = new AtomicBoolean();

  /** Only the holder of {@link #busy} touches it. */
  private int epoch;

  ShardLane(int shard, ShardAppender appender, ScheduledExecutorService executor) {
    this.shard = shard;
    this.appender = appender;
    this.executor = executor;
  }

  void submit(Slice slice) {
    waiting.add(slice);
    drain();
  }

  private void drain() {
    while (!waiting.isEmpty() && busy.compareAndSet(false, true)) {
      List<Slice> slices = next();
      if (!slices.isEmpty()) {
        new Attempt(slices).append();
        return;
      }
      busy.set(false);
    }
  }

  /** Lets the next batch go; from a thread of the grid, on which nothing may be sent. */
  private void release() {
    busy.set(false);
    if (!waiting.isEmpty()) {
      executor.execute(this::drain);
    }
  }

  /** Takes slices of one kind; the others wait for the next turn. */
  private List<Slice> next() {
    Slice first = waiting.poll();
    if (first == null) {
      return List.of();
    }
    List<Slice> slices = new ArrayList<>(1);
    slices.add(first);
    int samples = first.size();
    while (true) {
      Slice slice = waiting.peek();
      if (slice == null || slice.old != first.old || samples + slice.size() > MAX_COMBINED) {
        return slices;
      }
      slices.add(waiting.remove());
      samples += slice.size();
    }
  }

  /** One batch on its way into shard and journal. */
  private final class Attempt {

    private final List<Slice> slices;
    private final SeriesKey[] keys;
    private final long[] times;
    private final double[] values;
    private final long[] ids;
    private final int size;
    private final long deadline = System.nanoTime() + RETRY_FOR_NANOS;
    private List<SeriesKey> births = List.of();
    private ShardBatch batch = new ShardBatch();
    private boolean holdsLane = true;

    Attempt(List<Slice> slices) {
      this.slices = slices;
      Slice first = slices.getFirst();
      if (slices.size() == 1) {
        keys = first.keys;
        times = first.times;
        values = first.values;
        size = first.size();
      } else {
        size = slices.stream().mapToInt(Slice::size).sum();
        keys = new SeriesKey[size];
        times = new long[size];
        values = new double[size];
        int at = 0;
        for (Slice slice : slices) {
          System.arraycopy(slice.keys, 0, keys, at, slice.size());
          System.arraycopy(slice.times, 0, times, at, slice.size());
          System.arraycopy(slice.values, 0, values, at, slice.size());
          at += slice.size();
        }
      }
      ids = new long[size];
      for (int i = 0; i < size; i++) {
        ids[i] = keys[i].id();
      }
    }

    /** Gives the lane back, once: held for ever it would end all writes to the shard. */
    private void leaveLane() {
      if (holdsLane) {
        holdsLane = false;
        release();
      }
    }

    void append() {
      try {
        prepare();
        follow(appender.write(shard, batch), this::appended, this::append);
      } catch (RuntimeException e) {
        retryOrFail(e, this::append);
      }
    }

    /** Names by labels every series that the shard's owner has not confirmed in this epoch. */
    private void prepare() {
      int[] birthOf = {};
      List<SeriesKey> unconfirmed = new ArrayList<>(0);
      Map<SeriesKey, Integer> known = new HashMap<>();
      for (int i = 0; i < size; i++) {
        SeriesKey key = keys[i];
        if (key.isConfirmedIn(epoch)) {
          continue;
        }
        if (birthOf.length == 0) {
          birthOf = new int[size];
          Arrays.fill(birthOf, -1);
        }
        Integer birth = known.get(key);
        if (birth == null) {
          birth = unconfirmed.size();
          known.put(key, birth);
          unconfirmed.add(key);
        }
        birthOf[i] = birth;
      }
      births = unconfirmed;
      batch =
          new ShardBatch(
              epoch,
              slices.getFirst().old,
              size,
              ids,
              times,
              values,
              birthOf,
              unconfirmed.stream()
                  .map(key -> new Birth(key.id(), key.tenant(), key.labels()))
                  .toList());
    }

    private void appended(AppendOutcome outcome) {
      epoch = outcome.epoch();
      switch (outcome.status()) {
        case OTHER_EPOCH -> executor.execute(this::append);
        case BACKLOG_FULL -> {
          leaveLane();
          fail(
              TidegridException.retryable(
                  ErrorCode.BACKLOG_FULL,
                  "too much data waits for the database (persist.max-pending); send the same batch"
                      + " again later",
                  Duration.ofSeconds(2)));
        }
        case APPENDED -> {
          confirm(outcome);
          leaveLane();
          done(outcome);
        }
      }
    }

    private void done(AppendOutcome outcome) {
      if (slices.stream().noneMatch(slice -> slice.pending.wantsEntries())) {
        slices.forEach(slice -> slice.pending.done());
        return;
      }
      JournalKey key =
          new JournalKey(shard, appender.partitionKey(shard), outcome.epoch(), outcome.counter());
      JournalBatch entry = journalBatch(outcome);
      for (Slice slice : slices) {
        if (slice.pending.wantsEntries()) {
          slice.pending.done(key, entry);
        } else {
          slice.pending.done();
        }
      }
    }

    private void confirm(AppendOutcome outcome) {
      for (int i = 0; i < births.size(); i++) {
        SeriesKey key = births.get(i);
        // A series that had to take another id keeps being named by its labels.
        if (outcome.birthIds()[i] == key.id()) {
          key.confirm(outcome.epoch());
        }
      }
    }

    private JournalBatch journalBatch(AppendOutcome outcome) {
      List<Birth> named = new ArrayList<>(births.size());
      for (int i = 0; i < births.size(); i++) {
        SeriesKey key = births.get(i);
        named.add(new Birth(outcome.birthIds()[i], key.tenant(), key.labels()));
      }
      return new JournalBatch(
          size,
          batch.resolvedIds(outcome.birthIds()),
          times,
          values,
          named,
          outcome.overlapping(),
          slices.getFirst().old);
    }

    /**
     * Goes on in the thread that completes the stage: the hop to another costs more than the rest.
     */
    private <T> void follow(
        CompletionStage<T> stage, java.util.function.Consumer<T> next, Runnable again) {
      var _ =
          stage.whenCompleteAsync(
              (result, error) -> {
                if (error != null) {
                  retryOrFail(error, again);
                  return;
                }
                try {
                  next.accept(result);
                } catch (RuntimeException e) {
                  leaveLane();
                  fail(unexpected(e));
                }
              },
              Runnable::run);
    }

    private void retryOrFail(Throwable error, Runnable again) {
      Throwable cause =
          error instanceof CompletionException && error.getCause() != null
              ? error.getCause()
              : error;
      if (mayPass(cause) && System.nanoTime() < deadline && !executor.isShutdown()) {
        var _ = executor.schedule(again, RETRY_DELAY_MS, TimeUnit.MILLISECONDS);
        return;
      }
      leaveLane();
      fail(unexpected(cause));
    }

    private void fail(TidegridException error) {
      slices.forEach(slice -> slice.pending.failed(error));
    }
  }

  /** Tells whether sending the same again, idempotent as it is, may go through. */
  private static boolean mayPass(Throwable error) {
    return error instanceof IndeterminateOperationStateException
        || error instanceof MemberLeftException
        || error instanceof RetryableException
        || error instanceof OperationTimeoutException
        || error instanceof NoDataMemberInClusterException;
  }

  private static TidegridException unexpected(Throwable cause) {
    if (cause instanceof TidegridException known) {
      return known;
    }
    String detail =
        cause instanceof HazelcastInstanceNotActiveException
            ? "the node is stopping; send the same batch to another node"
            : "the shard's owner did not confirm the write; send the same batch again";
    return new TidegridException(
        ErrorCode.NOT_READY, detail, List.of(), Duration.ofSeconds(1), cause);
  }
}
