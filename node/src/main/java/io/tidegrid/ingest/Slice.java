package io.tidegrid.ingest;

import io.tidegrid.model.SeriesKey;

/**
 * The part of a caller's batch that goes to one shard, in columns that are filled once and then not
 * changed.
 */
final class Slice {

  final SeriesKey[] keys;
  final long[] times;
  final double[] values;
  final boolean old;
  final PendingWrite pending;
  private int size;

  Slice(int capacity, boolean old, PendingWrite pending) {
    this.keys = new SeriesKey[capacity];
    this.times = new long[capacity];
    this.values = new double[capacity];
    this.old = old;
    this.pending = pending;
  }

  void add(SeriesKey key, long time, double value) {
    keys[size] = key;
    times[size] = time;
    values[size++] = value;
  }

  int size() {
    return size;
  }
}
