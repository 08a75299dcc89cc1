package io.tidegrid.store;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The blocks of a shard, ascending by their starts. Changed under the shard's lock; read by any
 * thread, as an array that is replaced and never changed.
 */
final class BlockList {

  private static final Block[] NONE = {};

  private volatile Block[] blocks = NONE;

  /** Returns the blocks. Not to be changed. */
  Block[] all() {
    return blocks;
  }

  /** Replaces all blocks by others, ascending. */
  void set(Block[] others) {
    blocks = others;
  }

  /** Returns a block, or null when there is none. */
  Block find(long startMs) {
    for (Block block : blocks) {
      if (block.startMs() == startMs) {
        return block;
      }
    }
    return null;
  }

  /**
   * Returns a block, if need be a new one.
   *
   * @param series about how many series a new one will have
   */
  Block findOrCreate(long startMs, int series) {
    Block[] now = blocks;
    int at = now.length;
    while (at > 0 && now[at - 1].startMs() >= startMs) {
      at--;
      if (now[at].startMs() == startMs) {
        return now[at];
      }
    }
    Block block = new Block(startMs, series);
    put(at, block);
    return block;
  }

  /** Puts a block behind those there are. */
  void append(Block block) {
    put(blocks.length, block);
  }

  private void put(int at, Block block) {
    Block[] now = blocks;
    Block[] more = new Block[now.length + 1];
    System.arraycopy(now, 0, more, 0, at);
    more[at] = block;
    System.arraycopy(now, at, more, at + 1, now.length - at);
    blocks = more;
  }

  boolean holds(Block block) {
    return Arrays.asList(blocks).contains(block);
  }

  /**
   * Takes blocks away.
   *
   * @param starts which, by their starts
   * @param through leaves out a block that has a batch after this sequence; one for each start
   * @param leaving told of each before it goes
   * @return the starts of the blocks that were there and went
   */
  long[] remove(long[] starts, long[] through, Consumer<Block> leaving) {
    Block[] now = blocks;
    Block[] kept = new Block[now.length];
    long[] gone = new long[starts.length];
    int keptCount = 0;
    int goneCount = 0;
    for (Block block : now) {
      int at = indexOf(starts, block.startMs());
      if (at >= 0 && Long.compareUnsigned(block.lastSequence(), through[at]) <= 0) {
        gone[goneCount++] = block.startMs();
        leaving.accept(block);
      } else {
        kept[keptCount++] = block;
      }
    }
    if (goneCount > 0) {
      blocks = Arrays.copyOf(kept, keptCount);
    }
    return Arrays.copyOf(gone, goneCount);
  }

  private static int indexOf(long[] starts, long start) {
    for (int i = 0; i < starts.length; i++) {
      if (starts[i] == start) {
        return i;
      }
    }
    return -1;
  }
}
