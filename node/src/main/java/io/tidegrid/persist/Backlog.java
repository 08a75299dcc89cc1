package io.tidegrid.persist;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.store.BacklogGate;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/**
 * How much of this member's data waits for the database, and whether that is too much. Measured by
 * one thread, asked by any.
 */
final class Backlog implements BacklogGate {

  private static final double KEPT_SECONDS = 1.2;
  private static final long MAX_PACE_MS = 2_000;
  private static final double MIN_SAMPLES_PER_BYTE = 1.0 / 60;
  private static final double MAX_SAMPLES_PER_BYTE = 1.0 / 12;

  private final long maxBytes;
  private final long maxAgeMs;
  private final LongAdder refused = new LongAdder();

  private volatile long bytes;
  private volatile long samples;
  private volatile long oldestMs;
  private volatile double samplesPerByte = 1.0 / 17;
  private volatile long paceMs;
  private volatile boolean full;

  Backlog(long maxBytes, Duration maxAge, MeterRegistry meters) {
    this.maxBytes = maxBytes;
    this.maxAgeMs = maxAge.toMillis();
    Gauge.builder("tidegrid.persist.pending.bytes", this, b -> b.bytes)
        .baseUnit("bytes")
        .description("Bytes of journal entries owned by this member and not yet committed")
        .register(meters);
    Gauge.builder("tidegrid.persist.pending.bytes.max", this, b -> b.maxBytes)
        .baseUnit("bytes")
        .description("Bytes from which on samples are refused")
        .register(meters);
    Gauge.builder("tidegrid.persist.pending.samples", this, b -> b.samples)
        .description("Samples in those entries, as of the last scan")
        .register(meters);
    Gauge.builder("tidegrid.persist.pending.age", this, b -> b.oldestMs / 1_000.0)
        .baseUnit("seconds")
        .description("Age of the oldest of those entries")
        .register(meters);
    Gauge.builder("tidegrid.persist.pending.age.max", this, b -> b.maxAgeMs / 1_000.0)
        .baseUnit("seconds")
        .description("Age from which on samples are refused")
        .register(meters);
    Gauge.builder("tidegrid.persist.pace", this, b -> b.paceMs / 1_000.0)
        .baseUnit("seconds")
        .description("By how much each write is delayed so that the database keeps up")
        .register(meters);
    io.micrometer.core.instrument.FunctionCounter.builder(
            "tidegrid.persist.backlog.refusals", refused, LongAdder::sum)
        .description("Appends that found the backlog full")
        .register(meters);
  }

  @Override
  public boolean isFull() {
    if (full) {
      refused.increment();
      return true;
    }
    return false;
  }

  /** Tells whether appends are refused now, without counting as one. */
  boolean refuses() {
    return full;
  }

  long maxBytes() {
    return maxBytes;
  }

  /**
   * Takes the bytes that wait now.
   *
   * @param samplesPerSecond how fast they are stored
   */
  void bytes(long now, double samplesPerSecond) {
    bytes = now;
    double drainSeconds = now * samplesPerByte / samplesPerSecond;
    paceMs = (long) Math.clamp((drainSeconds - KEPT_SECONDS) * 1_000, 0, MAX_PACE_MS);
    judge();
  }

  /**
   * Returns by how much to delay a write, in milliseconds, so that what waits can be stored within
   * some two seconds. Ingest outruns a database on the same machine; without this the oldest
   * acknowledged sample that a kill would lose grows older and older.
   */
  long paceMs() {
    return paceMs;
  }

  void scanned(long nowSamples, long nowOldestMs) {
    samples = nowSamples;
    if (nowSamples > 0 && bytes > 0) {
      // Bytes and samples are counted at different moments: trust the quotient within reason.
      samplesPerByte =
          Math.clamp((double) nowSamples / bytes, MIN_SAMPLES_PER_BYTE, MAX_SAMPLES_PER_BYTE);
    }
    oldestMs = nowOldestMs;
    judge();
  }

  private void judge() {
    full = bytes >= maxBytes || oldestMs >= maxAgeMs;
  }

  long pendingBytes() {
    return bytes;
  }

  long pendingSamples() {
    return samples;
  }

  long oldestMs() {
    return oldestMs;
  }
}
