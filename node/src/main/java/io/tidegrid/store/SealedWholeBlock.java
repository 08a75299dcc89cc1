package io.tidegrid.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A sealed block with the names of its series. Immutable. */
record SealedWholeBlock(Shard.Whole whole, SeriesDirectory directory)
    implements WholeBlocks.WholeBlock {

  /** A series and its first chunk. */
  private record Series(long id, int first) {}

  @Override
  public long throughSequence() {
    return whole.throughSequence();
  }

  @Override
  public int series() {
    return whole.block().series();
  }

  @Override
  public void forEach(WholeBlocks.SeriesSamples consumer) {
    SealedBlock block = whole.block();
    List<Series> all = new ArrayList<>(block.series());
    for (int chunk = 0; chunk < block.chunks(); chunk++) {
      if (chunk == 0 || block.ref(chunk) != block.ref(chunk - 1)) {
        all.add(new Series(directory.entry(block.ref(chunk)).id(), chunk));
      }
    }
    all.sort(Comparator.comparingLong(Series::id));
    SampleBuffer samples = new SampleBuffer();
    for (Series series : all) {
      samples.clear();
      int ignored = block.copy(series.first(), Long.MIN_VALUE, Long.MAX_VALUE, samples);
      consumer.accept(series.id(), samples);
    }
  }
}
