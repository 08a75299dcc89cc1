package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;

/**
 * A set of 64-bit hashes by open addressing with linear probing, half to three quarters full: 11 to
 * 16 bytes each. The place of a hash is its fraction of the capacity (Lemire, Fast Random Integer
 * Generation in an Interval, 2019), so that capacities need not be powers of two. One writer.
 */
final class IdTable {

  private static final int FIRST_CAPACITY = 32;
  private static final long HEADER_BYTES = 48;

  /** Zero is an empty place. */
  private long[] slots;

  private int size;

  IdTable() {
    this(new long[FIRST_CAPACITY], 0);
  }

  private IdTable(long[] slots, int size) {
    this.slots = slots;
    this.size = size;
  }

  private static long nonZero(long hash) {
    return hash == 0 ? 1 : hash;
  }

  boolean contains(long hash) {
    long wanted = nonZero(hash);
    int at = place(wanted);
    while (slots[at] != 0) {
      if (slots[at] == wanted) {
        return true;
      }
      at = at + 1 == slots.length ? 0 : at + 1;
    }
    return false;
  }

  /** Adds a hash; does nothing when it is there. */
  void add(long hash) {
    if (put(nonZero(hash))) {
      size++;
      if (size > slots.length / 4 * 3) {
        grow();
      }
    }
  }

  private int place(long hash) {
    return (int) Math.unsignedMultiplyHigh(hash, slots.length);
  }

  private boolean put(long hash) {
    int at = place(hash);
    while (slots[at] != 0) {
      if (slots[at] == hash) {
        return false;
      }
      at = at + 1 == slots.length ? 0 : at + 1;
    }
    slots[at] = hash;
    return true;
  }

  private void grow() {
    long[] old = slots;
    slots = new long[Math.addExact(old.length, old.length / 2)];
    for (long hash : old) {
      if (hash != 0) {
        put(hash);
      }
    }
  }

  int size() {
    return size;
  }

  /** Returns roughly what it takes on the heap. */
  long bytes() {
    return HEADER_BYTES + 8L * slots.length;
  }

  void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(size);
    out.writeLongArray(slots);
  }

  static IdTable readData(ObjectDataInput in) throws IOException {
    int size = in.readInt();
    return new IdTable(in.readLongArray(), size);
  }
}
