package io.tidegrid.persist;

import io.tidegrid.grid.Birth;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Makes journal batches. */
final class Batches {

  static final String TENANT = "default";

  /** The start of an hour. */
  static final long T0 = Instant.parse("2026-03-01T10:00:00Z").toEpochMilli();

  private Batches() {}

  static SeriesKey series(int number) {
    return SeriesKey.of(TENANT, Labels.of("__name__", "m" + number % 7, "n", "" + number));
  }

  static Birth birth(int number) {
    SeriesKey key = series(number);
    return new Birth(key.id(), key.tenant(), key.labels());
  }

  static JournalKey key(int shard, int counter) {
    return new JournalKey(shard, shard, 1_700_000_000, counter);
  }

  /** Samples of series 0..series-1 in turn from a time, one millisecond apart. */
  static JournalBatch batch(int samples, int series, long fromMs, long seed) {
    long[] ids = new long[samples];
    long[] times = new long[samples];
    double[] values = new double[samples];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < samples; i++) {
      ids[i] = series(i % series).id();
      times[i] = fromMs + i / series;
      values[i] = Double.longBitsToDouble(random.nextLong());
    }
    List<Birth> births = new ArrayList<>();
    for (int i = 0; i < Math.min(series, samples); i++) {
      births.add(birth(i));
    }
    return new JournalBatch(samples, ids, times, values, births, false, false);
  }

  /** One sample of series 0. */
  static JournalBatch one(long timeMs, double value, boolean overlapping, boolean old) {
    return new JournalBatch(
        1,
        new long[] {series(0).id()},
        new long[] {timeMs},
        new double[] {value},
        List.of(birth(0)),
        overlapping,
        old);
  }
}
