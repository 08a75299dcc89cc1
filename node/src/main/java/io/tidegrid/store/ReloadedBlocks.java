package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which blocks of a shard, all of a time of which memory is not whole, are being read back from the
 * database or were. Immutable; there are few.
 *
 * @param all ascending by their starts
 */
record ReloadedBlocks(List<ReloadedBlock> all) {

  static final ReloadedBlocks NONE = new ReloadedBlocks(List.of());

  /**
   * A block that came back, or comes.
   *
   * @param token names this one reload among all there ever were
   * @param parts how many parts of its content have been entered
   * @param whole whether those were all
   */
  record ReloadedBlock(long startMs, long token, int parts, boolean whole) {}

  ReloadedBlocks {
    all = List.copyOf(all);
  }

  Optional<ReloadedBlock> find(long startMs) {
    for (ReloadedBlock block : all) {
      if (block.startMs == startMs) {
        return Optional.of(block);
      }
    }
    return Optional.empty();
  }

  boolean holds(long startMs) {
    return find(startMs).isPresent();
  }

  boolean isWhole(long startMs) {
    return find(startMs).map(ReloadedBlock::whole).orElse(false);
  }

  /** Adds a block, or puts it in the place of the one with its start. */
  ReloadedBlocks with(ReloadedBlock block) {
    List<ReloadedBlock> more = new ArrayList<>(without(block.startMs).all);
    int at = 0;
    while (at < more.size() && more.get(at).startMs < block.startMs) {
      at++;
    }
    more.add(at, block);
    return new ReloadedBlocks(more);
  }

  ReloadedBlocks without(long startMs) {
    return holds(startMs)
        ? new ReloadedBlocks(all.stream().filter(block -> block.startMs != startMs).toList())
        : this;
  }

  /** Returns the blocks that are whole here and there by the same reload. */
  ReloadedBlocks wholeInBoth(ReloadedBlocks other) {
    if (equals(other)) {
      return this;
    }
    return new ReloadedBlocks(
        all.stream()
            .filter(block -> block.whole)
            .filter(block ->
                other
                    .find(block.startMs)
                    .filter(there -> there.whole && there.token == block.token)
                    .isPresent())
            .toList());
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeInt(all.size());
    for (ReloadedBlock block : all) {
      out.writeLong(block.startMs);
      out.writeLong(block.token);
      out.writeInt(block.parts);
      out.writeBoolean(block.whole);
    }
  }

  static ReloadedBlocks read(ObjectDataInput in) throws IOException {
    int count = in.readInt();
    List<ReloadedBlock> read = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      read.add(new ReloadedBlock(in.readLong(), in.readLong(), in.readInt(), in.readBoolean()));
    }
    return new ReloadedBlocks(read);
  }
}
