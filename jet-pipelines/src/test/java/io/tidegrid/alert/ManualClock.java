package io.tidegrid.alert;

import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still unless it is told to go on. Safe for use by many threads. */
final class ManualClock implements InstantSource {

  private volatile long nowMs;

  ManualClock(long startMs) {
    this.nowMs = startMs;
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(nowMs);
  }

  void set(long ms) {
    nowMs = ms;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread moves it
  void advance(long ms) {
    nowMs += ms;
  }
}
