package io.tidegrid.store;

/**
 * A hash table from non-zero longs to ints, with linear probing over primitive arrays. The keys are
 * hashes already, so their low bits choose the slot. Written by one thread.
 */
final class LongIntTable {

  static final int ABSENT = -1;

  private long[] keys = new long[64];
  private int[] values = new int[64];
  private int size;

  int get(long key) {
    long[] table = keys;
    int mask = table.length - 1;
    int slot = (int) key & mask;
    while (true) {
      long found = table[slot];
      if (found == key) {
        return values[slot];
      }
      if (found == 0) {
        return ABSENT;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Adds a key that is not in the table. */
  void add(long key, int value) {
    if (++size * 2 > keys.length) {
      grow();
    }
    insert(keys, values, key, value);
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldValues = values;
    keys = new long[oldKeys.length * 2];
    values = new int[oldValues.length * 2];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        insert(keys, values, oldKeys[i], oldValues[i]);
      }
    }
  }

  private static void insert(long[] keys, int[] values, long key, int value) {
    int mask = keys.length - 1;
    int slot = (int) key & mask;
    while (keys[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    keys[slot] = key;
    values[slot] = value;
  }

  long heapBytes() {
    return 12L * keys.length;
  }
}
