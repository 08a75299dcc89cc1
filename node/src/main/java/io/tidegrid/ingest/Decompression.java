package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Undoes content codings without ever holding more than allowed, whatever the input says. */
public final class Decompression {

  private static final int FIRST_BUFFER = 64 << 10;

  private Decompression() {}

  /**
   * Decompresses gzip, one member or several.
   *
   * @param maxBytes how many bytes may come out
   * @throws TidegridException {@code BODY_TOO_LARGE} when more would come out, {@code
   *     NOT_PARSEABLE} when it is not gzip or ends early
   */
  public static byte[] gzip(byte[] body, long maxBytes) {
    return gzip(new ByteArrayInputStream(body), maxBytes);
  }

  /**
   * Decompresses gzip, one member or several, until the stream ends; does not close it.
   *
   * @param maxBytes how many bytes may come out
   * @throws TidegridException {@code BODY_TOO_LARGE} when more would come out, {@code
   *     NOT_PARSEABLE} when it is not gzip or ends early
   * @throws UncheckedIOException when reading from the stream itself fails
   */
  public static byte[] gzip(InputStream body, long maxBytes) {
    int most = (int) Math.min(maxBytes, Integer.MAX_VALUE - 16);
    try {
      // Not closed: that would close the caller's stream. Its inflater frees itself when collected.
      @SuppressWarnings("resource")
      GZIPInputStream in = new GZIPInputStream(body, 16 << 10);
      byte[] out = new byte[Math.min(most, FIRST_BUFFER) + 1];
      int size = 0;
      while (true) {
        int read = in.read(out, size, out.length - size);
        if (read < 0) {
          return Arrays.copyOf(out, size);
        }
        size += read;
        if (size > most) {
          throw tooLarge(maxBytes);
        }
        if (size == out.length) {
          out = Arrays.copyOf(out, (int) Math.min(most + 1L, size * 2L));
        }
      }
    } catch (EOFException | ZipException e) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE,
          "the body is not valid gzip: " + e.getMessage(),
          List.of(),
          Duration.ZERO,
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static TidegridException tooLarge(long maxBytes) {
    return new TidegridException(
        ErrorCode.BODY_TOO_LARGE,
        "the body has more than " + maxBytes + " bytes when decompressed; send smaller batches");
  }
}
