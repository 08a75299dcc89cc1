package io.tidegrid.codec;

/**
 * Encodes samples of one series, in strictly ascending order of time, into a chunk, and back, bit
 * for bit. Safe for use by many threads.
 */
public interface ChunkCodec {

  /** The most samples a chunk holds. */
  int MAX_SAMPLES = 1 << 16;

  /**
   * Encodes {@code count} samples from {@code offset}.
   *
   * @param times milliseconds, strictly ascending
   * @param values any doubles; their bits come back as they are
   * @param count from 1 to {@link #MAX_SAMPLES}
   * @return the chunk, exactly as long as it needs to be
   */
  byte[] encode(long[] times, double[] values, int offset, int count);

  /** Returns the number of samples in a chunk. */
  default int count(byte[] chunk) {
    return count(chunk, 0, chunk.length);
  }

  /**
   * Returns the number of samples in the chunk that lies in {@code bytes} from a place to another.
   */
  int count(byte[] bytes, int from, int to);

  /** Returns the time of the first sample. Constant time. */
  default long firstTime(byte[] chunk) {
    return firstTime(chunk, 0, chunk.length);
  }

  /** Returns the time of the first sample of a chunk among other bytes. Constant time. */
  long firstTime(byte[] bytes, int from, int to);

  /** Returns the time of the last sample. Constant time. */
  default long lastTime(byte[] chunk) {
    return lastTime(chunk, 0, chunk.length);
  }

  /** Returns the time of the last sample of a chunk among other bytes. Constant time. */
  long lastTime(byte[] bytes, int from, int to);

  /**
   * Tells whether a chunk among other bytes may have a sample of that time; false only when it has
   * none. Constant time; exact for regular times.
   */
  boolean mayHold(byte[] bytes, int from, int to, long time);

  /**
   * Decodes a whole chunk into the arrays from {@code offset} and returns the number of samples.
   *
   * @throws IndexOutOfBoundsException when the arrays have too little room
   * @throws IllegalArgumentException when the bytes are not a chunk
   */
  default int decode(byte[] chunk, long[] times, double[] values, int offset) {
    return decode(chunk, 0, chunk.length, times, values, offset);
  }

  /**
   * Decodes the chunk that lies in {@code bytes} from {@code from} to {@code to}.
   *
   * @throws IndexOutOfBoundsException when the arrays have too little room
   * @throws IllegalArgumentException when the bytes are not a chunk
   */
  int decode(byte[] bytes, int from, int to, long[] times, double[] values, int offset);

  /** Returns the codec that new chunks are written with. */
  static ChunkCodec current() {
    return TideChunkCodec.INSTANCE;
  }
}
