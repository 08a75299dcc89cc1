package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.tier.RollupColumns;
import java.io.IOException;
import java.util.Arrays;

/**
 * The windows of one tier of all series of one shard and span, in columns. Coarser tiers of the
 * span follow from them ({@link io.tidegrid.tier.WindowRoller#merge}). Immutable once built.
 */
public final class RollupBlock implements IdentifiedDataSerializable {

  /** Takes one series of a block. */
  @FunctionalInterface
  public interface SeriesConsumer {

    /**
     * Called once for each series.
     *
     * @param windows only valid during the call
     */
    void accept(long seriesId, RollupColumns windows);
  }

  private long sequence;
  private long[] ids = {};
  private int[] ends = {};
  private long[] starts = {};
  private long[] counts = {};
  private double[] figures = {};
  private long[] edges = {};
  private int[] resets = {};
  private int[] histogramEnds = {};
  private byte[] histograms = {};

  /** For deserialization. */
  public RollupBlock() {}

  /**
   * Returns the sequence up to which every batch's samples are in the figures: epoch shifted left
   * by 32 bits, plus the number of the batch.
   */
  public long sequence() {
    return sequence;
  }

  /** Returns the ids of the series. Not to be changed. */
  public long[] ids() {
    return ids;
  }

  /** Returns how many windows there are, over all series. */
  public int windows() {
    return starts.length;
  }

  /** Returns about how many bytes it takes. */
  public long bytes() {
    return 12L * ids.length + 92L * starts.length + histograms.length;
  }

  /** Hands over each series with its windows, in the order in which they were added. */
  public void forEach(SeriesConsumer consumer) {
    RollupColumns windows = new RollupColumns();
    for (int i = 0; i < ids.length; i++) {
      windows.clear();
      for (int at = i == 0 ? 0 : ends[i - 1]; at < ends[i]; at++) {
        copy(at, windows);
      }
      consumer.accept(ids[i], windows);
    }
  }

  private void copy(int at, RollupColumns into) {
    int of = at * FIGURES;
    into.add(
        starts[at],
        counts[at],
        figures[of],
        figures[of + 1],
        figures[of + 2],
        figures[of + 3],
        edges[at * 2],
        figures[of + 4],
        edges[at * 2 + 1],
        figures[of + 5],
        resets[at],
        Arrays.copyOfRange(histograms, at == 0 ? 0 : histogramEnds[at - 1], histogramEnds[at]));
  }

  private static final int FIGURES = 6;

  /** Gathers the series of a block. Not safe for use by many threads. */
  public static final class Builder {

    private final RollupBlock block = new RollupBlock();
    private int series;
    private int windows;
    private int histogramBytes;

    /**
     * For the figures of everything up to a sequence.
     *
     * @param sequence see {@link RollupBlock#sequence}
     */
    public Builder(long sequence) {
      block.sequence = sequence;
    }

    /** Adds a series that was not added yet. One without windows is left out. */
    public void add(long seriesId, RollupColumns more) {
      if (more.size() == 0) {
        return;
      }
      if (series == block.ids.length) {
        block.ids = Arrays.copyOf(block.ids, Math.max(16, series * 2));
        block.ends = Arrays.copyOf(block.ends, block.ids.length);
      }
      ensureWindows(more.size());
      for (int i = 0; i < more.size(); i++) {
        add(more, i);
      }
      block.ids[series] = seriesId;
      block.ends[series++] = windows;
    }

    private void add(RollupColumns from, int i) {
      int of = windows * FIGURES;
      block.starts[windows] = from.starts()[i];
      block.counts[windows] = from.counts()[i];
      block.figures[of] = from.sums()[i];
      block.figures[of + 1] = from.mins()[i];
      block.figures[of + 2] = from.maxs()[i];
      block.figures[of + 3] = from.firsts()[i];
      block.figures[of + 4] = from.lasts()[i];
      block.figures[of + 5] = from.increases()[i];
      block.edges[windows * 2] = from.firstTimes()[i];
      block.edges[windows * 2 + 1] = from.lastTimes()[i];
      block.resets[windows] = from.resets()[i];
      byte[] histogram = from.histograms()[i];
      if (histogramBytes + histogram.length > block.histograms.length) {
        block.histograms =
            Arrays.copyOf(
                block.histograms,
                Math.max(histogramBytes + histogram.length, block.histograms.length * 2));
      }
      System.arraycopy(histogram, 0, block.histograms, histogramBytes, histogram.length);
      histogramBytes += histogram.length;
      block.histogramEnds[windows++] = histogramBytes;
    }

    private void ensureWindows(int more) {
      if (windows + more > block.starts.length) {
        resizeWindows(Math.max(windows + more, block.starts.length * 2));
      }
    }

    private void resizeWindows(int capacity) {
      block.starts = Arrays.copyOf(block.starts, capacity);
      block.counts = Arrays.copyOf(block.counts, capacity);
      block.figures = Arrays.copyOf(block.figures, capacity * FIGURES);
      block.edges = Arrays.copyOf(block.edges, capacity * 2);
      block.resets = Arrays.copyOf(block.resets, capacity);
      block.histogramEnds = Arrays.copyOf(block.histogramEnds, capacity);
    }

    /** Returns the block. The builder is not to be used afterwards. */
    public RollupBlock build() {
      block.ids = Arrays.copyOf(block.ids, series);
      block.ends = Arrays.copyOf(block.ends, series);
      resizeWindows(windows);
      block.histograms = Arrays.copyOf(block.histograms, histogramBytes);
      return block;
    }
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.ROLLUP_BLOCK;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(sequence);
    out.writeLongArray(ids);
    out.writeIntArray(ends);
    out.writeLongArray(starts);
    out.writeLongArray(counts);
    out.writeDoubleArray(figures);
    out.writeLongArray(edges);
    out.writeIntArray(resets);
    out.writeIntArray(histogramEnds);
    out.writeByteArray(histograms);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    sequence = in.readLong();
    ids = in.readLongArray();
    ends = in.readIntArray();
    starts = in.readLongArray();
    counts = in.readLongArray();
    figures = in.readDoubleArray();
    edges = in.readLongArray();
    resets = in.readIntArray();
    histogramEnds = in.readIntArray();
    histograms = in.readByteArray();
  }
}
