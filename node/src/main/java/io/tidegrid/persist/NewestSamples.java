package io.tidegrid.persist;

import io.tidegrid.store.SampleBuffer;
import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/** The newest sample of each of some series, as far as it has been found. Used by one thread. */
final class NewestSamples {

  private final long[] ids;
  private final SeriesNumbers places = new SeriesNumbers();
  private final long[] times;
  private final double[] values;
  private final long[] seqs;
  private final boolean[] compacted;

  NewestSamples(long[] ids) {
    this.ids = ids;
    this.times = new long[ids.length];
    this.values = new double[ids.length];
    this.seqs = new long[ids.length];
    this.compacted = new boolean[ids.length];
    Arrays.fill(times, Long.MIN_VALUE);
    for (int i = 0; i < ids.length; i++) {
      places.put(ids[i], i);
    }
  }

  void offerRecent(long seq, long id, long timeMs, double value) {
    offer(seq, id, timeMs, value, false);
  }

  void offerCompacted(long seq, long id, long timeMs, double value) {
    offer(seq, id, timeMs, value, true);
  }

  private void offer(long seq, long id, long timeMs, double value, boolean fromCompacted) {
    int place = places.get(id);
    if (place < 0 || timeMs < times[place]) {
      return;
    }
    boolean same = timeMs == times[place];
    boolean outranked =
        seq < seqs[place] || (seq == seqs[place] && compacted[place] && !fromCompacted);
    if (!same || !outranked) {
      times[place] = timeMs;
      values[place] = value;
      seqs[place] = seq;
      compacted[place] = fromCompacted;
    }
  }

  /** Returns the places of series of which no sample at or after a time has been found. */
  int[] olderThan(long timeMs) {
    return IntStream.range(0, ids.length).filter(i -> times[i] < timeMs).toArray();
  }

  /** Calls the consumer once for each series that has a sample. */
  void forEach(BiConsumer<Long, SampleBuffer> consumer) {
    SampleBuffer buffer = new SampleBuffer();
    for (int i = 0; i < ids.length; i++) {
      if (times[i] != Long.MIN_VALUE) {
        buffer.clear();
        buffer.add(times[i], values[i]);
        consumer.accept(ids[i], buffer);
      }
    }
  }
}
