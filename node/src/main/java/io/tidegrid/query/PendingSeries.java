package io.tidegrid.query;

import io.tidegrid.model.Labels;
import io.tidegrid.store.SampleBuffer;
import java.util.Arrays;

/**
 * A series of which memory does not hold everything that was asked for.
 *
 * @param id its id in the database
 * @param shard the shard in which it lies
 * @param labels its labels
 * @param memory what memory has; not changed afterwards
 * @param archive what the database is to be asked for
 */
record PendingSeries(long id, int shard, Labels labels, Columns memory, TimeRange archive) {

  /** Samples in ascending order of time. */
  static final class Columns {

    final long[] times;
    final double[] values;

    /** Copies a buffer. */
    Columns(SampleBuffer buffer) {
      this.times = Arrays.copyOf(buffer.times(), buffer.size());
      this.values = Arrays.copyOf(buffer.values(), buffer.size());
    }

    int size() {
      return times.length;
    }
  }
}
