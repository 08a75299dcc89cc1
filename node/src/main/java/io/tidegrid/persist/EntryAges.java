package io.tidegrid.persist;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Since when the entries of one journal partition are known to be there. Hazelcast keeps no
 * creation time without keeping statistics for every entry; since sequences only rise, the highest
 * one seen at some moment dates all that are not higher. Not safe for use by many threads.
 */
final class EntryAges {

  private static final int MAX_MARKS = 128;

  private record Mark(long highest, long atNanos) {}

  private final Deque<Mark> marks = new ArrayDeque<>();

  /**
   * Notes a scan.
   *
   * @param lowest the lowest sequence found
   * @param highest the highest sequence found
   */
  void seen(long lowest, long highest, long nowNanos) {
    while (!marks.isEmpty() && Long.compareUnsigned(marks.getFirst().highest(), lowest) < 0) {
      marks.removeFirst();
    }
    if (marks.isEmpty() || Long.compareUnsigned(marks.getLast().highest(), highest) < 0) {
      if (marks.size() >= MAX_MARKS) {
        thin();
      }
      marks.addLast(new Mark(highest, nowNanos));
    }
  }

  /** Drops every second mark: what it dated then counts as a little younger. */
  private void thin() {
    boolean[] keep = new boolean[1];
    long first = marks.getFirst().highest();
    marks.removeIf(mark -> {
      keep[0] = !keep[0];
      return !keep[0] && mark.highest() != first;
    });
  }

  void clear() {
    marks.clear();
  }

  /** Returns how long ago an entry of this sequence was first seen, 0 if it was not. */
  long ageNanos(long sequence, long nowNanos) {
    for (Mark mark : marks) {
      if (Long.compareUnsigned(sequence, mark.highest()) <= 0) {
        return nowNanos - mark.atNanos();
      }
    }
    return 0;
  }
}
