package io.tidegrid.ingest;

import io.tidegrid.model.SeriesKey;

/** A raw spelling of one series. */
final class SeriesEntry extends CacheEntry {

  final SeriesKey key;

  /** Where the second part of the raw key begins, for keys of two parts. */
  final int split;

  SeriesEntry(SeriesCache.Scope scope, long hash, byte[] raw, int split, SeriesKey key) {
    super(scope, hash, raw);
    this.key = key;
    this.split = split;
    this.cost = OVERHEAD_BYTES + raw.length + costOf(key);
  }

  /** Returns about how many bytes a series key holds. */
  static int costOf(SeriesKey key) {
    return 80 + key.labels().canonicalBytes().length;
  }
}
