package io.tidegrid.persist;

import io.tidegrid.store.BlockSpan;

/**
 * The samples of one series and block as the columns of a row of {@code blocks}: times by first and
 * step where they are regular; values as a {@link DecimalColumn}. Holds one row at a time and
 * reuses its arrays. Not safe for use by many threads.
 */
final class BlockColumns {

  private final DecimalColumn decimals = new DecimalColumn();
  private int[] offsets = new int[1024];
  private int count;
  private int firstMs;
  private int stepMs;

  /**
   * Takes samples in ascending order of time.
   *
   * @param values kept by reference until the next call
   * @throws IllegalArgumentException when there is none, or one lies outside the block
   */
  void take(long blockMs, long[] times, double[] values, int from, int count) {
    if (count <= 0) {
      throw new IllegalArgumentException("a row needs samples");
    }
    if (offsets.length < count) {
      offsets = new int[Math.max(count, offsets.length * 2)];
    }
    this.count = count;
    takeTimes(blockMs, times, from);
    decimals.take(values, from, count);
  }

  private void takeTimes(long blockMs, long[] times, int from) {
    long step = count > 1 ? times[from + 1] - times[from] : 1;
    boolean regular = true;
    long previous = Long.MIN_VALUE;
    for (int i = 0; i < count; i++) {
      long time = times[from + i];
      long offset = time - blockMs;
      if (offset < 0 || offset >= BlockSpan.LENGTH_MS || time <= previous) {
        throw new IllegalArgumentException(
            "the time " + time + " is out of order or not of the block " + blockMs);
      }
      offsets[i] = (int) offset;
      regular &= i == 0 || time - previous == step;
      previous = time;
    }
    firstMs = offsets[0];
    stepMs = regular ? (int) step : 0;
  }

  int firstMs() {
    return firstMs;
  }

  /** Returns the step, or 0 when the times are {@link #offsets}. */
  int stepMs() {
    return stepMs;
  }

  /** Returns the milliseconds from the start of the block to each sample. */
  int[] offsets() {
    return offsets;
  }

  /** Returns the values. */
  DecimalColumn values() {
    return decimals;
  }
}
