package io.tidegrid.query;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** The shards that a question still has to read on this member. Safe for use by many threads. */
final class ShardQueue {

  private final int[] shards;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicReference<RuntimeException> failure = new AtomicReference<>();

  ShardQueue(ShardSet shards) {
    this.shards = shards.stream().toArray();
  }

  /** Returns the next shard, or -1 when none is left. */
  int poll() {
    int at = next.getAndIncrement();
    return at < shards.length ? shards[at] : -1;
  }

  /** Drops the shards that nobody has taken yet. */
  void clear() {
    next.set(shards.length);
  }

  boolean isEmpty() {
    return next.get() >= shards.length;
  }

  int size() {
    return Math.max(0, shards.length - next.get());
  }

  /** Remembers why the question fails: the first reason, not those that follow from it. */
  void fail(RuntimeException reason) {
    failure.compareAndSet(null, reason);
    clear();
  }

  Optional<RuntimeException> firstFailure() {
    return Optional.ofNullable(failure.get());
  }
}
