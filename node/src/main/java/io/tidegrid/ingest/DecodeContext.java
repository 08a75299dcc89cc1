package io.tidegrid.ingest;

import io.tidegrid.model.SampleBatch;
import java.util.List;

/** What the decoding of one request carries along. Not safe for use by many threads. */
final class DecodeContext {

  final IngestOptions options;
  final SeriesCache cache;
  final SeriesCache.Scope scope;
  final long nowMs;
  final LabelAssembler labels;
  final DecimalReader decimal = new DecimalReader();
  final RowErrors errors = new RowErrors();
  final MetadataCollector metadata;

  private SampleBatch.Builder samples;
  private CacheEntry last;
  private long hits;
  private long misses;

  DecodeContext(
      IngestOptions options,
      SeriesCache cache,
      String tenant,
      Protocol protocol,
      long nowMs,
      int expectedSamples) {
    this.options = options;
    this.cache = cache;
    this.scope = cache.scope(tenant, protocol);
    this.nowMs = nowMs;
    this.labels = new LabelAssembler(options);
    this.metadata = new MetadataCollector(options);
    this.samples = SampleBatch.builder(expectedSamples);
  }

  SampleBatch.Builder samples() {
    return samples;
  }

  /** Forgets the samples and errors so far. */
  void startOver() {
    if (samples.size() > 0 || errors.rejected() > 0) {
      samples = SampleBatch.builder(16);
      errors.clear();
    }
  }

  /** Returns the entry that came after the last one the last time, or null. */
  CacheEntry predicted() {
    return last == null ? null : last.follower();
  }

  /** Takes note of a prediction that came true. */
  void hitPredicted(CacheEntry entry) {
    entry.touch();
    last = entry;
    hits++;
  }

  /** Takes note of an entry found by its hash. */
  void hit(CacheEntry entry) {
    hits++;
    link(entry);
  }

  /** Puts a new entry into the cache and returns it, or the equal one that was there first. */
  CacheEntry keep(CacheEntry entry) {
    misses++;
    CacheEntry kept = cache.put(entry);
    link(kept);
    return kept;
  }

  private void link(CacheEntry entry) {
    if (last != null) {
      last.followedBy(entry);
    }
    last = entry;
  }

  DecodedBatch finish() {
    cache.count(hits, misses);
    return new DecodedBatch(
        samples.build(), List.copyOf(metadata.list()), errors.rejected(), errors.list());
  }
}
