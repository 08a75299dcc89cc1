package io.tidegrid.store;

/** Sums up what shards hold. */
final class ShardSize {
  long series;
  long samples;
  long bytes;
  long openBlocks;
  long sealedBlocks;
  long sealedSamples;
}
