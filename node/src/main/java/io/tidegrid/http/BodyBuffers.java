package io.tidegrid.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * Lends the byte arrays that request bodies are read into, and bounds how many bytes are lent at
 * one time. Arrays have the size of a power of two; returned ones are kept for re-use up to a small
 * number for each size, so that a steady load allocates nothing. Safe for use by many threads.
 */
final class BodyBuffers {

  private static final int MIN_BITS = 14;
  private static final int MAX_BITS = 30;
  private static final long RETAINED_BYTES_PER_SIZE = 16L << 20;
  private static final int MAX_RETAINED_PER_SIZE = 64;
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final long maxLentBytes;
  private final AtomicLong lentBytes = new AtomicLong();
  private final List<ArrayBlockingQueue<byte[]>> free;
  private final Counter refused;

  BodyBuffers(long maxLentBytes, MeterRegistry meters) {
    this.maxLentBytes = maxLentBytes;
    this.free =
        IntStream.rangeClosed(MIN_BITS, MAX_BITS)
            .mapToObj(bits ->
                new ArrayBlockingQueue<byte[]>(
                    (int) Math.clamp(RETAINED_BYTES_PER_SIZE >> bits, 1L, MAX_RETAINED_PER_SIZE)))
            .toList();
    Gauge.builder("tidegrid.http.body.buffered.bytes", lentBytes, AtomicLong::get)
        .description("Bytes of request bodies held now")
        .register(meters);
    Gauge.builder("tidegrid.http.body.buffered.bytes.max", () -> maxLentBytes)
        .description("Bytes of request bodies that may be held at one time")
        .register(meters);
    this.refused =
        Counter.builder("tidegrid.http.body.buffered.refused")
            .description("Requests refused because too many bytes of bodies were held")
            .register(meters);
  }

  /**
   * Lends an array of at least the given size.
   *
   * @throws TidegridException with {@link ErrorCode#NOT_READY} when too much is lent already
   */
  byte[] take(long atLeast) {
    int bits = bits(atLeast);
    long size = 1L << bits;
    if (lentBytes.addAndGet(size) > maxLentBytes) {
      lentBytes.addAndGet(-size);
      refused.increment();
      throw TidegridException.retryable(
          ErrorCode.NOT_READY,
          "the node holds as many bytes of request bodies as it may; send this again a little"
              + " later",
          RETRY);
    }
    byte[] reused = bits <= 24 ? free.get(bits - MIN_BITS).poll() : null;
    return reused != null ? reused : new byte[(int) size];
  }

  /** Takes an array back that {@link #take} returned; the caller must not touch it again. */
  void giveBack(byte[] buffer) {
    lentBytes.addAndGet(-buffer.length);
    int bits = bits(buffer.length);
    if (bits <= 24) {
      free.get(bits - MIN_BITS).offer(buffer);
    }
  }

  private static int bits(long size) {
    return Math.max(MIN_BITS, 64 - Long.numberOfLeadingZeros(Math.max(1, size - 1)));
  }
}
