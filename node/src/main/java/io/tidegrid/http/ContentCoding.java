package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/** The content codings that a request body may come in. */
enum ContentCoding {
  IDENTITY,
  GZIP,
  DEFLATE,
  /** Part of remote-write's body format: its decoder undoes it. */
  SNAPPY;

  private static final int INPUT_BUFFER = 8 << 10;

  /**
   * Returns the coding that a header names.
   *
   * @throws TidegridException with {@link ErrorCode#UNSUPPORTED_MEDIA_TYPE} for another one
   */
  static ContentCoding of(String header, boolean snappyAllowed) {
    String name = header.strip().toLowerCase(Locale.ROOT);
    if (snappyAllowed && name.equals("snappy")) {
      return SNAPPY;
    }
    return switch (name) {
      case "", "identity" -> IDENTITY;
      case "gzip", "x-gzip" -> GZIP;
      case "deflate" -> DEFLATE;
      default ->
          throw new TidegridException(
              ErrorCode.UNSUPPORTED_MEDIA_TYPE,
              "the Content-Encoding \""
                  + TimeParser.shortened(header)
                  + "\" is not understood here; send "
                  + (snappyAllowed ? "snappy" : "gzip, deflate, or no coding"));
    };
  }

  /**
   * Undoes the coding. The given body is closed when another one is returned.
   *
   * @throws TidegridException with {@link ErrorCode#NOT_PARSEABLE} for bytes that are not of this
   *     coding, {@link ErrorCode#BODY_TOO_LARGE} when there are more than {@code limit}
   */
  Body undo(Body body, long limit, BodyBuffers buffers) {
    if (this == IDENTITY || this == SNAPPY) {
      return body;
    }
    try (body;
        InputStream in = stream(body)) {
      return Body.read(in, 4L * body.length(), limit, "the decompressed body", buffers, () -> {});
    } catch (ZipException | EOFException e) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE,
          "the body is not whole "
              + name().toLowerCase(Locale.ROOT)
              + " data, as its Content-Encoding says",
          List.of(),
          Duration.ZERO,
          e);
    } catch (IOException e) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE, "the body cannot be decompressed", List.of(), Duration.ZERO, e);
    }
  }

  private InputStream stream(Body body) throws IOException {
    ByteArrayInputStream raw = new ByteArrayInputStream(body.bytes(), 0, body.length());
    if (this == GZIP) {
      return new GZIPInputStream(raw, INPUT_BUFFER);
    }
    // Some senders leave the zlib header off; its first byte always names method 8.
    boolean bare = body.length() > 0 && (body.bytes()[0] & 0x0F) != 8;
    return new OwnedInflaterStream(raw, new Inflater(bare));
  }

  /** Ends the inflater, which the JDK's stream leaves alone when it is handed one. */
  private static final class OwnedInflaterStream extends InflaterInputStream {
    private OwnedInflaterStream(InputStream in, Inflater inflater) {
      super(in, inflater, INPUT_BUFFER);
    }

    @Override
    public void close() throws IOException {
      try {
        super.close();
      } finally {
        inf.end();
      }
    }
  }
}
