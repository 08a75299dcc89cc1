package io.tidegrid.rollup;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still unless it is told to go on. Safe for use by many threads. */
final class ManualClock implements InstantSource {

  private volatile Instant now;

  ManualClock(Instant start) {
    this.now = start;
  }

  @Override
  public Instant instant() {
    return now;
  }

  void set(long ms) {
    now = Instant.ofEpochMilli(ms);
  }

  synchronized void advance(Duration by) {
    now = now.plus(by);
  }
}
