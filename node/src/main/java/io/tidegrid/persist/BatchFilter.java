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

  /**
   * Returns the batch with the last sample only of each (series, time), since rows of one batch
   * share a sequence and could not be told apart. Returns the batch itself when all differ.
   */
  static JournalBatch lastOfEach(JournalBatch batch) {
    int size = batch.size();
    int capacity = Integer.highestOneBit(Math.max(size, 1)) << 2;
    int mask = capacity - 1;
    // Index + 1 of the last sample seen of the key in the slot; 0 is an empty slot.
    int[] slots = new int[capacity];
    boolean[] superseded = new boolean[size];
    boolean any = false;
    for (int i = 0; i < size; i++) {
      long id = batch.ids()[i];
      long time = batch.times()[i];
      int slot = (int) (((id * 31 + time) * 0x9E3779B97F4A7C15L) >>> 32) & mask;
      while (slots[slot] != 0
          && (batch.ids()[slots[slot] - 1] != id || batch.times()[slots[slot] - 1] != time)) {
        slot = (slot + 1) & mask;
      }
      if (slots[slot] != 0) {
        superseded[slots[slot] - 1] = true;
        any = true;
      }
      slots[slot] = i + 1;
    }
    return any ? keep(batch, i -> !superseded[i]) : batch;
  }
}
