package io.tidegrid.ingest;

import java.time.Duration;

/**
 * The limits of ingest.
 *
 * @param ack what a write waits for when the request does not say
 * @param maxFuture how far after now a sample's time may lie
 * @param maxLabels labels a series may have, the metric name not counted
 * @param maxNameBytes UTF-8 bytes of a metric or label name
 * @param maxValueBytes UTF-8 bytes of a label value
 * @param maxDecompressedBytes bytes of a body after decompression
 * @param seriesCacheBytes memory for the cache from raw label bytes to series, per member
 */
public record IngestOptions(
    Ack ack,
    Duration maxFuture,
    int maxLabels,
    int maxNameBytes,
    int maxValueBytes,
    long maxDecompressedBytes,
    long seriesCacheBytes) {

  /** The documented defaults. */
  public static IngestOptions defaults() {
    return new IngestOptions(
        Ack.REPLICATED, Duration.ofMinutes(10), 64, 512, 4096, 128L << 20, 256L << 20);
  }
}
