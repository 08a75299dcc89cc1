package io.tidegrid.store;

import java.util.Optional;

/** Reads blocks of the shards that this member owns, by the references that its readers use. */
record LocalBlockReader(LocalShards local) implements BlockReader {

  @Override
  public Optional<BlockContent> find(int shard, long blockStartMs) {
    try {
      return local.readShard(
          shard,
          held ->
              held.directoryWhole()
                  ? Optional.of(new Content(held.directory(), held.content(blockStartMs)))
                  : Optional.empty());
    } catch (ShardMovedException e) {
      return Optional.empty();
    }
  }

  /** A block as it was when it was asked for; what is written to it later may be in it, too. */
  private record Content(SeriesDirectory directory, Shard.Content content) implements BlockContent {

    @Override
    public boolean isWhole() {
      return content.whole();
    }

    @Override
    public long throughSequence() {
      return content.throughSequence();
    }

    @Override
    public long[] seriesIds() {
      return directory.ids();
    }

    @Override
    public void forEach(WholeBlocks.SeriesSamples consumer) {
      content.state().ifPresent(state -> forEach(state, consumer));
    }

    private void forEach(Block.State state, WholeBlocks.SeriesSamples consumer) {
      int refs = state.refs();
      SampleBuffer samples = new SampleBuffer();
      for (int ref = 0; ref < refs; ref++) {
        BlockPart part = BlockPart.find(state, ref);
        if (part != null) {
          samples.clear();
          if (part.copy(Long.MIN_VALUE, Long.MAX_VALUE, samples) > 0) {
            consumer.accept(directory.entry(ref).id(), samples);
          }
        }
      }
    }
  }
}
