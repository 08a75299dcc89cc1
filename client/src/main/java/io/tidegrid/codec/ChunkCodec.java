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
  int count(byte[] chunk);

  /** Returns the time of the first sample. Constant time. */
  long firstTime(byte[] chunk);

  /** Returns the time of the last sample. Constant time. */
  long lastTime(byte[] chunk);

  /**
   * Decodes a whole chunk into the arrays from {@code offset} and returns the number of samples.
   *
   * @throws IndexOutOfBoundsException when the arrays have too little room
   * @throws IllegalArgumentException when the bytes are not a chunk
   */
  int decode(byte[] chunk, long[] times, double[] values, int offset);

  /** Returns the codec that new chunks are written with. */
  static ChunkCodec current() {
    return TideChunkCodec.INSTANCE;
  }
}
