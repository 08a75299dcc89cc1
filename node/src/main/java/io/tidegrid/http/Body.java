package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.io.InputStream;

/** A request body in a lent array; {@link #close} gives the array back. Not thread-safe. */
final class Body implements AutoCloseable {

  private static final int FIRST_GUESS = 64 << 10;
  private static final int LARGEST_FIRST_GUESS = 1 << 20;

  private final BodyBuffers buffers;
  private byte[] bytes;
  private int length;

  private Body(BodyBuffers buffers, byte[] bytes) {
    this.buffers = buffers;
    this.bytes = bytes;
  }

  /** Checked between two reads, so that a slow sender cannot hold a request open for ever. */
  @FunctionalInterface
  interface Deadline {
    void check();
  }

  /**
   * Reads a stream to its end.
   *
   * @param expected the length that was announced, or -1; it is not trusted with memory
   * @param limit the most bytes to take
   * @param what what the bytes are, for the error
   * @throws TidegridException with {@link ErrorCode#BODY_TOO_LARGE}
   */
  static Body read(
      InputStream in,
      long expected,
      long limit,
      String what,
      BodyBuffers buffers,
      Deadline deadline)
      throws IOException {
    long guess = expected < 0 ? FIRST_GUESS : Math.min(expected + 1, LARGEST_FIRST_GUESS);
    Body body = new Body(buffers, buffers.take(guess));
    boolean whole = false;
    try {
      body.fill(in, limit, what, deadline);
      whole = true;
      return body;
    } finally {
      if (!whole) {
        body.close();
      }
    }
  }

  private void fill(InputStream in, long limit, String what, Deadline deadline) throws IOException {
    while (true) {
      if (length == bytes.length) {
        if (length >= limit) {
          // Only whether there is more is still of interest: no need for a larger array.
          if (in.read() < 0) {
            return;
          }
          throw tooLarge(what, limit);
        }
        grow();
      }
      int read = in.read(bytes, length, bytes.length - length);
      if (read < 0) {
        return;
      }
      length += read;
      if (length > limit) {
        throw tooLarge(what, limit);
      }
      deadline.check();
    }
  }

  private void grow() {
    byte[] larger = buffers.take(2L * bytes.length);
    System.arraycopy(bytes, 0, larger, 0, length);
    buffers.giveBack(bytes);
    bytes = larger;
  }

  static TidegridException tooLarge(String what, long limit) {
    return new TidegridException(
        ErrorCode.BODY_TOO_LARGE,
        what + " is larger than " + limit + " bytes; send the data in several smaller requests");
  }

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  @Override
  public void close() {
    if (bytes.length > 0) {
      buffers.giveBack(bytes);
      bytes = new byte[0];
      length = 0;
    }
  }
}
