package io.tidegrid.persist;

import io.tidegrid.grid.JournalBatch;
import java.util.function.IntPredicate;

/** Cuts batches. */
final class BatchFilter {

  private BatchFilter() {}

  /** Returns the samples whose index passes, with the births and flags of the batch. */
  static JournalBatch keep(JournalBatch batch, IntPredicate index) {
    int size = batch.size();
    long[] ids = new long[size];
    long[] times = new long[size];
    double[] values = new double[size];
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (index.test(i)) {
        ids[kept] = batch.ids()[i];
        times[kept] = batch.times()[i];
        values[kept++] = batch.values()[i];
      }
    }
    return new JournalBatch(
        kept, ids, times, values, batch.births(), batch.overlapping(), batch.old());
  }
}
