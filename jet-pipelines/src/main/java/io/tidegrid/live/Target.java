package io.tidegrid.live;

import java.util.Optional;

/** A member with filters, as the matching thread sees it. */
final class Target {

  private final BatchQueue queue;

  /** Only the matching thread touches it. */
  private Optional<LiveBatch> filling = Optional.empty();

  Target(BatchQueue queue) {
    this.queue = queue;
  }

  BatchQueue queue() {
    return queue;
  }

  /** Adds a sample and tells whether it is the first since the last {@link #flush}. */
  boolean add(SeriesMatch match, long timeMs, double value) {
    boolean first = filling.isEmpty();
    if (first) {
      filling = Optional.of(new LiveBatch());
    }
    filling.get().add(match, timeMs, value);
    return first;
  }

  /** Sends what was added. */
  void flush() {
    filling.ifPresent(queue::add);
    filling = Optional.empty();
  }
}
