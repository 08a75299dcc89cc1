package io.tidegrid.node;

import io.tidegrid.persist.SampleArchive;
import io.tidegrid.rollup.WindowSource;
import io.tidegrid.store.BlockReader.BlockContent;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import io.tidegrid.tier.WindowRoller;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * The minutes of a block of which memory has a part and the database the rest. Reads slices of the
 * shard's series, so that only the samples of one are held at a time.
 *
 * @param fromMs the first millisecond of the block
 * @param toMs its last
 * @param timeout of one statement
 */
record MergedWindows(
    BlockContent content,
    SampleArchive archive,
    int shard,
    long fromMs,
    long toMs,
    Duration timeout)
    implements WindowSource.Windows {

  @Override
  public void forEach(WindowSource.SeriesWindows consumer) {
    long[] series = content.seriesIds().clone();
    Arrays.sort(series);
    Rolling rolling = new Rolling(consumer);
    // Most blocks that are not whole have hardly anything in memory.
    long[] inMemory = null;
    for (int from = 0; from < series.length; from += StoreWindowSource.SLICE) {
      long[] slice =
          Arrays.copyOfRange(series, from, Math.min(series.length, from + StoreWindowSource.SLICE));
      Map<Long, SampleBuffer> memory = new HashMap<>();
      if (inMemory == null || holdsAny(inMemory, slice)) {
        inMemory = gather(slice, memory);
      }
      int[] shards = new int[slice.length];
      Arrays.fill(shards, shard);
      archive.read(
          slice,
          shards,
          fromMs,
          toMs,
          timeout,
          (id, found) -> {
            SampleBuffer newer = memory.remove(id);
            rolling.roll(id, newer == null ? found : rolling.merge(found, newer));
          });
      memory.forEach(rolling::roll);
    }
  }

  private static boolean holdsAny(long[] sorted, long[] slice) {
    return Arrays.stream(slice).anyMatch(id -> Arrays.binarySearch(sorted, id) >= 0);
  }

  /** Copies what memory has of the slice, and returns the ids of all that it has any of. */
  private long[] gather(long[] slice, Map<Long, SampleBuffer> into) {
    LongStream.Builder ids = LongStream.builder();
    content.forEach((id, samples) -> {
      ids.add(id);
      if (Arrays.binarySearch(slice, id) >= 0) {
        SampleBuffer copy = new SampleBuffer();
        append(samples, 0, copy);
        into.put(id, copy);
      }
    });
    return ids.build().sorted().toArray();
  }

  private static void append(SampleBuffer from, int at, SampleBuffer to) {
    int more = from.size() - at;
    to.ensureRoom(more);
    System.arraycopy(from.times(), at, to.times(), to.size(), more);
    System.arraycopy(from.values(), at, to.values(), to.size(), more);
    to.size(to.size() + more);
  }

  /** Room to work in. */
  private static final class Rolling {

    private final WindowRoller roller = new WindowRoller();
    private final RollupColumns windows = new RollupColumns();
    private final SampleBuffer merged = new SampleBuffer();
    private final WindowSource.SeriesWindows consumer;

    Rolling(WindowSource.SeriesWindows consumer) {
      this.consumer = consumer;
    }

    void roll(long id, SampleBuffer samples) {
      windows.clear();
      roller.roll(
          Tier.ONE_MINUTE.windowMs(),
          samples.times(),
          samples.values(),
          0,
          samples.size(),
          windows);
      consumer.accept(id, windows);
    }

    /** Merges by time; of equal times the newer stays. */
    SampleBuffer merge(SampleBuffer older, SampleBuffer newer) {
      merged.clear();
      int o = 0;
      int n = 0;
      while (o < older.size() && n < newer.size()) {
        long time = newer.times()[n];
        if (older.times()[o] < time) {
          merged.add(older.times()[o], older.values()[o]);
          o++;
        } else {
          o += older.times()[o] == time ? 1 : 0;
          merged.add(time, newer.values()[n]);
          n++;
        }
      }
      append(older, o, merged);
      append(newer, n, merged);
      return merged;
    }
  }
}
