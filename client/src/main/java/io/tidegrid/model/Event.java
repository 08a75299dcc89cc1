package io.tidegrid.model;

import java.util.Arrays;
import java.util.List;

/**
 * What a device reported at one moment: figures and tags under an id of the device's own. Equal
 * when everything in it is. Immutable; the array of values belongs to the event.
 */
public final class Event {

  private final String id;
  private final String deviceId;
  private final long timeMs;
  private final boolean timed;
  private final long bodyHash;
  private final List<String> metrics;
  private final double[] values;
  private final List<String> tags;

  /**
   * @param id what the device calls it; unique for the device
   * @param deviceId the device; not empty
   * @param timeMs when it happened, in milliseconds since 1970
   * @param timed whether the sender said so, rather than the node when it came
   * @param bodyHash a hash of everything else, by which a repeated sending is recognized
   * @param metrics names, each once
   * @param values as many, all finite; not to be changed any more
   * @param tags each once; may be empty
   */
  public Event(
      String id,
      String deviceId,
      long timeMs,
      boolean timed,
      long bodyHash,
      List<String> metrics,
      double[] values,
      List<String> tags) {
    this.id = id;
    this.deviceId = deviceId;
    this.timeMs = timeMs;
    this.timed = timed;
    this.bodyHash = bodyHash;
    this.metrics = metrics;
    this.values = values;
    this.tags = tags;
  }

  /** Returns what the device calls it. */
  public String id() {
    return id;
  }

  /** Returns the device. */
  public String deviceId() {
    return deviceId;
  }

  /** Returns when it happened, in milliseconds since 1970. */
  public long timeMs() {
    return timeMs;
  }

  /** Tells whether the sender said when, rather than the node when it came. */
  public boolean timed() {
    return timed;
  }

  /** Returns the hash of time, metrics and tags. */
  public long bodyHash() {
    return bodyHash;
  }

  /** Returns the names of the metrics, each once; not to be changed. */
  public List<String> metrics() {
    return metrics;
  }

  /** Returns the value of metric {@code i}. */
  public double value(int i) {
    return values[i];
  }

  /** Returns the tags, each once; not to be changed. */
  public List<String> tags() {
    return tags;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Event event
        && timeMs == event.timeMs
        && id.equals(event.id)
        && deviceId.equals(event.deviceId)
        && metrics.equals(event.metrics)
        && Arrays.equals(values, event.values)
        && tags.equals(event.tags);
  }

  @Override
  public int hashCode() {
    return id.hashCode() * 31 + deviceId.hashCode();
  }

  @Override
  public String toString() {
    return deviceId + "/" + id + "@" + timeMs;
  }
}
