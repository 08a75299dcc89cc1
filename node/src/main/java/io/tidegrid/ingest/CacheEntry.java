package io.tidegrid.ingest;

import java.util.Arrays;

/**
 * What {@link SeriesCache} knows of one raw spelling. Its identity is final, so that readers may
 * find it through a data race; the other fields are hints whose races cost a second look at most.
 */
abstract sealed class CacheEntry permits SeriesEntry, LineEntry {

  /** Object headers, references and the share of the hash table, for the accounting. */
  static final int OVERHEAD_BYTES = 112;

  final String tenant;
  final byte protocol;
  final long hash;
  final byte[] raw;

  /** Accounted bytes; guarded by the lock of the segment. */
  int cost;

  /**
   * Whether it was found since the clock hand last passed. False at first: what is seen only once
   * must not push out what is seen all the time.
   */
  boolean referenced;

  /** Set once, when the entry leaves the cache. */
  boolean evicted;

  /** The entry that came after this one the last time; senders repeat their order. */
  private CacheEntry follower;

  CacheEntry(SeriesCache.Scope scope, long hash, byte[] raw) {
    this.tenant = scope.tenant;
    this.protocol = scope.protocol;
    this.hash = hash;
    this.raw = raw;
  }

  /** Returns the entry that will probably be wanted next, or null; the caller verifies it. */
  final CacheEntry follower() {
    CacheEntry next = follower;
    if (next != null && next.evicted) {
      follower = null;
      return null;
    }
    return next;
  }

  /** Remembers that {@code next} came after this entry. */
  final void followedBy(CacheEntry next) {
    if (follower != next && !evicted && !next.evicted) {
      follower = next;
    }
  }

  /** Breaks the chain, so that what left the cache is not held by it. */
  final void forgetFollower() {
    follower = null;
  }

  final void touch() {
    // A plain write on every hit would keep the cache line moving between cores.
    if (!referenced) {
      referenced = true;
    }
  }

  /** Tells whether the bytes at {@code from} begin with the raw key. */
  final boolean isAt(byte[] bytes, int from, int limit) {
    int length = raw.length;
    return limit - from >= length && Arrays.equals(raw, 0, length, bytes, from, from + length);
  }
}
