package io.tidegrid.ingest;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;

/**
 * Prometheus remote-write 1.0: a {@code prometheus.WriteRequest} in snappy's block format.
 *
 * <p>A row is a {@code TimeSeries}. Every bit pattern of a value is kept, stale markers too.
 * Exemplars are skipped; a series with native histograms is reported as rejected.
 *
 * @see <a href="https://prometheus.io/docs/specs/prw/remote_write_spec/">Remote-Write 1.0</a>
 */
final class RemoteWriteDecoder implements SampleDecoder {

  /** Snappy's densest element makes 64 bytes of 3. */
  private static final int MAX_SNAPPY_RATIO = 22;

  private final IngestOptions options;
  private final SeriesCache cache;
  private final BufferPool buffers = new BufferPool();

  /** Without state. The native variant holds state per instance, and was measured no faster. */
  private final SnappyJavaDecompressor snappy = new SnappyJavaDecompressor();

  RemoteWriteDecoder(IngestOptions options, SeriesCache cache) {
    this.options = options;
    this.cache = cache;
  }

  @Override
  public DecodedBatch decode(String tenant, byte[] body, int length, long nowMs) {
    int size = uncompressedSize(body, length);
    byte[] buffer = buffers.take(size + RemoteWriteParser.SLACK_BYTES);
    try {
      decompress(body, length, buffer, size);
      DecodeContext context =
          new DecodeContext(
              options, cache, tenant, Protocol.REMOTE_WRITE, nowMs, Math.min(size / 128, 1 << 16));
      return new RemoteWriteParser(context, buffer, size).parse();
    } finally {
      buffers.give(buffer);
    }
  }

  private void decompress(byte[] body, int length, byte[] buffer, int size) {
    int written;
    try {
      written = snappy.decompress(body, 0, length, buffer, 0, buffer.length);
    } catch (MalformedInputException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw notSnappy("it is damaged or cut short (" + e.getMessage() + ")");
    }
    if (written != size) {
      throw notSnappy("it holds another number of bytes than it says");
    }
  }

  /**
   * Reads the size from the front of a block and refuses what cannot be true, before trusting it.
   */
  private int uncompressedSize(byte[] body, int length) {
    long size = 0;
    int at = 0;
    while (true) {
      if (at >= length || at == 5) {
        throw notSnappy("it does not begin with its size");
      }
      byte b = body[at];
      size |= (long) (b & 0x7F) << (7 * at);
      at++;
      if (b >= 0) {
        break;
      }
    }
    if (size > options.maxDecompressedBytes()) {
      throw Decompression.tooLarge(options.maxDecompressedBytes());
    }
    if (size > (long) length * MAX_SNAPPY_RATIO
        || size > Integer.MAX_VALUE - RemoteWriteParser.SLACK_BYTES) {
      throw notSnappy("it says it holds " + size + " bytes, which " + length + " bytes cannot");
    }
    return (int) size;
  }

  private static TidegridException notSnappy(String why) {
    return new TidegridException(
        ErrorCode.NOT_PARSEABLE,
        "the body is not a valid snappy block: "
            + why
            + "; send remote-write 1.0 with Content-Encoding: snappy");
  }
}
