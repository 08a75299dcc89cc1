package io.tidegrid.persist;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * How many bytes of this member's events wait for the database, and whether that is too much.
 * Measured by one thread, asked by any.
 */
final class EventBacklog {

  private static final double KEPT_SECONDS = 1.2;
  private static final long MAX_PACE_MS = 2_000;

  private final long maxBytes;
  private volatile long bytes;
  private volatile long paceMs;

  EventBacklog(long maxBytes, MeterRegistry meters) {
    this.maxBytes = maxBytes;
    Gauge.builder("tidegrid.events.pending.bytes", this, b -> b.bytes)
        .baseUnit("bytes")
        .description("Bytes of events owned by this member and not yet committed")
        .register(meters);
    Gauge.builder("tidegrid.events.pending.bytes.max", this, b -> b.maxBytes)
        .baseUnit("bytes")
        .description("Bytes from which on events are refused")
        .register(meters);
    Gauge.builder("tidegrid.events.pace", this, b -> b.paceMs / 1_000.0)
        .baseUnit("seconds")
        .description("By how much each write is delayed so that the database keeps up")
        .register(meters);
  }

  /**
   * Takes what waits now.
   *
   * @param drainSeconds how long the database will take for it; 0 when it is away, as the backlog
   *     is there for that
   */
  void measured(long now, double drainSeconds) {
    bytes = now;
    paceMs = (long) Math.clamp((drainSeconds - KEPT_SECONDS) * 1_000, 0, MAX_PACE_MS);
  }

  boolean isFull() {
    return bytes >= maxBytes;
  }

  /** Returns by how much to delay a write, so that no more than some two seconds' worth waits. */
  long paceMs() {
    return paceMs;
  }
}
