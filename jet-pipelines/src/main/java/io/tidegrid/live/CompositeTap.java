package io.tidegrid.live;

import java.util.List;

/** Shows batches to several taps: to each that is open. Safe for use by many threads. */
public final class CompositeTap implements SampleTap {

  private final SampleTap[] taps;

  /** Of the given taps, in order. */
  public CompositeTap(List<SampleTap> taps) {
    this.taps = taps.toArray(SampleTap[]::new);
  }

  @Override
  public boolean isOpen() {
    for (SampleTap tap : taps) {
      if (tap.isOpen()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void appended(AppendedSamples samples) {
    for (SampleTap tap : taps) {
      if (tap.isOpen()) {
        tap.appended(samples);
      }
    }
  }
}
