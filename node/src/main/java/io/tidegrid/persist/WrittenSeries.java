package io.tidegrid.persist;

/**
 * Remembers which series rows are known to be in the database, so that series named again cost no
 * statement: ids with a fingerprint of the labels, 16 bytes a series, forgotten all at once when
 * the bound is reached. Safe for use by many threads.
 */
final class WrittenSeries {

  private static final int MAX_SLOTS = 1 << 21;

  private long[] ids = new long[1 << 12];
  private long[] fingerprints = new long[1 << 12];
  private int size;

  synchronized boolean contains(long id, long fingerprint) {
    int slot = slot(id);
    return ids[slot] == id && id != 0 && fingerprints[slot] == fingerprint;
  }

  synchronized void add(long id, long fingerprint) {
    if (id == 0) {
      return;
    }
    if (size * 2 >= ids.length) {
      grow();
    }
    int slot = slot(id);
    if (ids[slot] == 0) {
      ids[slot] = id;
      size++;
    }
    fingerprints[slot] = fingerprint;
  }

  /** Forgets everything, after the rows may have been removed. */
  synchronized void clear() {
    ids = new long[1 << 12];
    fingerprints = new long[1 << 12];
    size = 0;
  }

  private void grow() {
    if (ids.length >= MAX_SLOTS) {
      clear();
      return;
    }
    long[] oldIds = ids;
    long[] oldFingerprints = fingerprints;
    ids = new long[oldIds.length * 2];
    fingerprints = new long[oldIds.length * 2];
    for (int i = 0; i < oldIds.length; i++) {
      if (oldIds[i] != 0) {
        int slot = slot(oldIds[i]);
        ids[slot] = oldIds[i];
        fingerprints[slot] = oldFingerprints[i];
      }
    }
  }

  /** Linear probing: the slot of the id, or the empty one where it belongs. */
  private int slot(long id) {
    int mask = ids.length - 1;
    int slot = (int) ((id * 0x9E3779B97F4A7C15L) >>> 32) & mask;
    while (ids[slot] != 0 && ids[slot] != id) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
