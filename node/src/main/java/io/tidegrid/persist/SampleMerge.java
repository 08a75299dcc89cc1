package io.tidegrid.persist;

import io.tidegrid.store.SampleBuffer;

/** Unites what was compacted of a series with what came since. */
final class SampleMerge {

  private SampleMerge() {}

  /**
   * Merges into {@code to}; of equal times the later written wins.
   *
   * @param there in ascending order of time, folded in up to some sequence
   * @param recent the selected series has {@code count} samples
   * @param foldedBefore how many of the recent samples were written up to that sequence
   */
  static void merge(
      SampleBuffer there, FoldedSamples recent, int count, int foldedBefore, SampleBuffer to) {
    to.clear();
    to.ensureRoom(there.size() + count);
    long[] times = recent.times();
    double[] values = recent.values();
    int size = 0;
    int i = 0;
    int j = 0;
    while (i < there.size() || j < count) {
      long old = i < there.size() ? there.times()[i] : Long.MAX_VALUE;
      long young = j < count ? times[j] : Long.MAX_VALUE;
      boolean takeOld = old < young || (old == young && recent.place(j) < foldedBefore);
      to.times()[size] = Math.min(old, young);
      to.values()[size++] = takeOld ? there.values()[i] : values[j];
      i += old <= young ? 1 : 0;
      j += young <= old ? 1 : 0;
    }
    to.size(size);
  }
}
