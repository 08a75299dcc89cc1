package io.tidegrid.store;

/**
 * Tells a shard's owner whether it may take more samples. Asked on partition threads for every
 * append, so it must answer at once from a field.
 */
@FunctionalInterface
public interface BacklogGate {

  /** Tells whether what this member holds unpersisted has reached its bound. */
  boolean isFull();

  /** Returns a gate that is always open, for nodes without a database. */
  static BacklogGate open() {
    return () -> false;
  }
}
