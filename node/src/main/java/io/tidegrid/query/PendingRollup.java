package io.tidegrid.query;

import io.tidegrid.model.Labels;
import io.tidegrid.store.RollStamps;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import java.util.List;

/** A series whose windows memory alone does not tell. Its parts are in the order of time. */
final class PendingRollup {

  private final long id;
  private final int shard;
  private final RollStamps stamps;
  private final Labels labels;
  private final List<Part> parts;
  private int open;

  /** A part of the range; open until its windows are known. */
  abstract static sealed class Part {

    private RollupColumns windows;

    /** Returns the windows; only of a part that is known. */
    RollupColumns windows() {
      return windows;
    }
  }

  /** Computed from memory. */
  static final class Known extends Part {
    Known(RollupColumns windows) {
      super.windows = windows;
    }
  }

  /** Samples of which the database has to be asked, too. */
  static final class Samples extends Part {
    private final PendingSeries.Columns memory;
    private final TimeRange archive;

    Samples(PendingSeries.Columns memory, TimeRange archive) {
      this.memory = memory;
      this.archive = archive;
    }

    PendingSeries.Columns memory() {
      return memory;
    }

    TimeRange archive() {
      return archive;
    }
  }

  /** Stored windows. */
  static final class Stored extends Part {
    private final Tier tier;
    private final long fromMs;
    private final long toMs;

    Stored(Tier tier, long fromMs, long toMs) {
      this.tier = tier;
      this.fromMs = fromMs;
      this.toMs = toMs;
    }

    Tier tier() {
      return tier;
    }

    long fromMs() {
      return fromMs;
    }

    /** Exclusive. */
    long toMs() {
      return toMs;
    }
  }

  PendingRollup(long id, int shard, RollStamps stamps, Labels labels, List<Part> parts) {
    this.id = id;
    this.shard = shard;
    this.stamps = stamps;
    this.labels = labels;
    this.parts = parts;
    for (Part part : parts) {
      open += part.windows == null ? 1 : 0;
    }
  }

  long id() {
    return id;
  }

  int shard() {
    return shard;
  }

  /** Returns the stamps by which parts were taken for stored ones. */
  RollStamps stamps() {
    return stamps;
  }

  Labels labels() {
    return labels;
  }

  List<Part> parts() {
    return parts;
  }

  /** Sets the windows of an open part and tells whether it was the last one. */
  boolean know(Part part, RollupColumns windows) {
    part.windows = windows;
    open--;
    return open == 0;
  }
}
