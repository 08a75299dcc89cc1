package io.tidegrid.ingest;

/**
 * What an event may hold.
 *
 * @param maxIdBytes UTF-8 bytes of an event's and of a device's id
 * @param maxMetrics metrics of one event
 * @param maxTags tags of one event
 * @param maxTagBytes UTF-8 bytes of a tag
 * @param maxBatch events of one request
 */
public record EventLimits(
    int maxIdBytes, int maxMetrics, int maxTags, int maxTagBytes, int maxBatch) {

  /** The documented defaults. */
  public static EventLimits defaults() {
    return new EventLimits(256, 1_000, 64, 256, 10_000);
  }
}
