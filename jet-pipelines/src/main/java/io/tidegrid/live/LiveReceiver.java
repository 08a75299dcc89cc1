package io.tidegrid.live;

import java.util.List;

/** Somebody who wants to see samples. Called by one thread at a time, which it must not block. */
public interface LiveReceiver {

  /**
   * Takes samples in the order in which the members sent them, each once, however many of the
   * receiver's filters it matches. The list must not be changed.
   */
  void deliver(List<LiveSample> samples);

  /** Says that so many samples matched and will not be delivered, because they came too fast. */
  void lost(long count);
}
