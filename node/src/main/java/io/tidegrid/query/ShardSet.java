package io.tidegrid.query;

import java.util.BitSet;
import java.util.stream.IntStream;

/** A set of shards. Not safe for use by many threads while it changes. */
final class ShardSet {

  private final BitSet bits;

  ShardSet() {
    this(new BitSet());
  }

  private ShardSet(BitSet bits) {
    this.bits = bits;
  }

  /** Returns the shards from 0 to below {@code count}. */
  static ShardSet below(int count) {
    ShardSet all = new ShardSet();
    all.bits.set(0, count);
    return all;
  }

  static ShardSet ofWords(long[] words) {
    return new ShardSet(BitSet.valueOf(words));
  }

  long[] toWords() {
    return bits.toLongArray();
  }

  void add(int shard) {
    bits.set(shard);
  }

  void addAll(ShardSet other) {
    bits.or(other.bits);
  }

  boolean isEmpty() {
    return bits.isEmpty();
  }

  int size() {
    return bits.cardinality();
  }

  IntStream stream() {
    return bits.stream();
  }

  /** Returns the first shard at or after the given one, or -1. */
  int next(int from) {
    return bits.nextSetBit(from);
  }

  @Override
  public String toString() {
    return bits.toString();
  }
}
