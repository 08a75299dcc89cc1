package io.tidegrid.ingest;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Keeps some large arrays for the next request: zeroing a fresh one of megabytes costs as much as
 * decompressing into it. Bounded in number and size. Safe for use by many threads.
 */
final class BufferPool {

  private static final int MAX_KEPT_BYTES = 16 << 20;
  private static final int MIN_BYTES = 64 << 10;

  private final ArrayBlockingQueue<byte[]> free =
      new ArrayBlockingQueue<>(2 * Runtime.getRuntime().availableProcessors());

  /** Returns an array of at least {@code size} bytes with any content. */
  byte[] take(int size) {
    byte[] buffer = free.poll();
    if (buffer != null && buffer.length >= size) {
      return buffer;
    }
    int rounded = size <= MIN_BYTES ? MIN_BYTES : size + (size >>> 2);
    return new byte[rounded > size ? rounded : size];
  }

  /** Takes an array back; the caller must not use it afterwards. */
  void give(byte[] buffer) {
    if (buffer.length <= MAX_KEPT_BYTES) {
      free.offer(buffer);
    }
  }
}
