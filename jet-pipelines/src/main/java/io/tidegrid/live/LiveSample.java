package io.tidegrid.live;

import io.tidegrid.model.Labels;
import java.util.function.Function;

/** A sample on its way to receivers, one object for all of them. */
public final class LiveSample {

  private final Labels labels;
  private final long timeMs;
  private final double value;
  private final int position;
  private byte[] rendered = {};

  /**
   * @param labels the labels of its series
   * @param timeMs milliseconds since 1970
   * @param value any double
   * @param position its place among the samples that are delivered together, from 0
   */
  public LiveSample(Labels labels, long timeMs, double value, int position) {
    this.labels = labels;
    this.timeMs = timeMs;
    this.value = value;
    this.position = position;
  }

  /** Returns the labels of its series, the metric name among them. */
  public Labels labels() {
    return labels;
  }

  /** Returns its time in milliseconds since 1970. */
  public long timeMs() {
    return timeMs;
  }

  /** Returns its value; any double but a mark of the end of a series. */
  public double value() {
    return value;
  }

  /** Returns its place among the samples that are delivered together. */
  int position() {
    return position;
  }

  /**
   * Returns the sample as bytes, rendered once for all receivers. To be called within {@link
   * LiveReceiver#deliver} for the first time, always with the same renderer; any thread that the
   * sample is handed to may call it again.
   */
  public byte[] rendered(Function<LiveSample, byte[]> renderer) {
    if (rendered.length == 0) {
      rendered = renderer.apply(this);
    }
    return rendered;
  }
}
