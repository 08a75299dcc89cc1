package io.tidegrid.persist;

/**
 * Series id to a small number: its shard, or its place in a list; 24 bytes a series at most. Not
 * safe for use by many threads that change it.
 */
final class SeriesNumbers {

  private long[] ids = new long[1 << 10];
  private int[] numbers = new int[1 << 10];
  private int size;

  /** Returns the number of series. */
  int size() {
    return size;
  }

  /** Adds a series; ids are never 0. */
  void put(long id, int number) {
    if (size * 2 >= ids.length) {
      grow();
    }
    int slot = slot(id);
    if (ids[slot] == 0) {
      ids[slot] = id;
      size++;
    }
    numbers[slot] = number;
  }

  /** Returns the number of a series, or -1 when it is not known. */
  int get(long id) {
    int slot = slot(id);
    return ids[slot] == id && id != 0 ? numbers[slot] : -1;
  }

  private void grow() {
    long[] oldIds = ids;
    int[] oldNumbers = numbers;
    ids = new long[oldIds.length * 2];
    numbers = new int[oldIds.length * 2];
    for (int i = 0; i < oldIds.length; i++) {
      if (oldIds[i] != 0) {
        int slot = slot(oldIds[i]);
        ids[slot] = oldIds[i];
        numbers[slot] = oldNumbers[i];
      }
    }
  }

  private int slot(long id) {
    int mask = ids.length - 1;
    int slot = (int) ((id * 0x9E3779B97F4A7C15L) >>> 32) & mask;
    while (ids[slot] != 0 && ids[slot] != id) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
