package io.tidegrid.live;

/**
 * One batch as a shard took it. The arrays are shared and must not be changed.
 *
 * @param shard the shard, from 0
 * @param sequence the number of the batch: the shard's epoch shifted left by 32 bits, plus the
 *     number of the batch within the epoch, which goes up by one with each. Batches may be shown in
 *     a slightly different order
 * @param table the shard's series
 * @param size the number of samples; the columns may be longer
 * @param numbers for each sample its series' number in the table
 * @param times milliseconds since 1970
 * @param values any doubles
 * @param unchanged a bit for each sample that the shard had already, with the same value; bit
 *     {@code i % 64} of word {@code i / 64}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record AppendedSamples(
    int shard,
    long sequence,
    SeriesTable table,
    int size,
    int[] numbers,
    long[] times,
    double[] values,
    long[] unchanged) {

  /** Tells whether a sample changed nothing: it was sent before. */
  public boolean isUnchanged(int i) {
    return (unchanged[i >> 6] & 1L << i) != 0;
  }
}
