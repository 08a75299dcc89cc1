package io.tidegrid.store;

import java.util.Optional;

/**
 * Reads the shards that this member owns by the numbers that {@link io.tidegrid.live.SampleTap}
 * names their series by. Safe for use by many threads.
 */
public interface NumberedReader {

  /** Returns the number of shards of the cluster. */
  int shards();

  /**
   * Returns the version of a shard's partition while this member owns it, else -1. It changes
   * whenever the shard moves, or its backups do: what was decided by a shard under one version is
   * void under another. As cheap as reading volatile fields.
   */
  int ownedVersion(int shard);

  /**
   * Returns a shard once memory has everything of it that it is to have; empty when this member
   * does not own it, or what the database has of it is still being loaded. It can be read while the
   * shard moves away, and is then out of date: see {@link #ownedVersion}. May wait for the shard's
   * thread, so it must not be called on one.
   */
  Optional<NumberedShard> open(int shard);
}
