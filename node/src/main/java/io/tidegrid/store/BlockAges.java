package io.tidegrid.store;

import java.util.IdentityHashMap;

/**
 * Since when the blocks held here have not been written to. Told from their versions, so that
 * writers need no clock: the age of a change is known to within the time between two looks. Used by
 * one thread.
 */
final class BlockAges {

  private record Look(long version, long atMs) {}

  private IdentityHashMap<Block, Look> looks = new IdentityHashMap<>();

  /** Looks at all blocks there are; forgets those that are gone. */
  void look(Iterable<Block> blocks, long nowMs) {
    IdentityHashMap<Block, Look> now = new IdentityHashMap<>();
    for (Block block : blocks) {
      Look last = looks.get(block);
      long version = block.version();
      // A clock that was set back must not make anything older.
      boolean unchanged = last != null && last.version == version && last.atMs <= nowMs;
      now.put(block, unchanged ? last : new Look(version, nowMs));
    }
    looks = now;
  }

  /** Returns for how long a block is known not to have changed. */
  long quietMs(Block block, long nowMs) {
    Look last = looks.get(block);
    return last == null || last.version != block.version() ? 0 : nowMs - last.atMs;
  }
}
