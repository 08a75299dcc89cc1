package io.tidegrid.store;

import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Reads a shard of this member. */
record LocalShardView(int shard, Shard held) implements ShardView {

  @Override
  public long wholeFromMs() {
    return held.wholeFromMs();
  }

  @Override
  public Coverage coverage() {
    return held.coverage();
  }

  @Override
  public boolean directoryWhole() {
    return held.directoryWhole();
  }

  @Override
  public RollupDirt dirt() {
    return held.dirt();
  }

  @Override
  public Set<String> tenants() {
    return held.directory().tenants();
  }

  @Override
  public void select(String tenant, List<Matcher> matchers, Consumer<SeriesView> consumer) {
    for (int ref : held.directory().select(tenant, matchers)) {
      consumer.accept(new LocalSeriesView(held, ref));
    }
  }

  @Override
  public Set<String> labelNames(String tenant) {
    return held.directory().labelNames(tenant);
  }

  @Override
  public Set<String> labelValues(String tenant, String label) {
    return held.directory().labelValues(tenant, label);
  }

  /** One series, read block by block. */
  record LocalSeriesView(Shard held, int ref) implements SeriesView {

    @Override
    public long id() {
      return held.directory().entry(ref).id();
    }

    @Override
    public Labels labels() {
      return held.directory().entry(ref).labels();
    }

    @Override
    public int copy(long fromMs, long toMs, SampleBuffer into) {
      int copied = 0;
      for (Block block : held.blocks()) {
        if (block.startMs() > toMs) {
          break;
        }
        if (block.endMs() > fromMs) {
          block.noteRead();
          BlockPart part = BlockPart.find(block.state(), ref);
          copied += part == null ? 0 : part.copy(fromMs, toMs, into);
        }
      }
      return copied;
    }

    @Override
    public boolean copyLatest(long toMs, SampleBuffer into) {
      Block[] blocks = held.blocks();
      for (int i = blocks.length - 1; i >= 0; i--) {
        if (blocks[i].startMs() <= toMs) {
          blocks[i].noteRead();
          BlockPart part = BlockPart.find(blocks[i].state(), ref);
          if (part != null && part.copyLatest(toMs, into)) {
            return true;
          }
        }
      }
      return false;
    }

    @Override
    public long firstTimeMs() {
      for (Block block : held.blocks()) {
        BlockPart part = BlockPart.find(block.state(), ref);
        if (part != null) {
          return part.firstTime();
        }
      }
      return Long.MAX_VALUE;
    }

    @Override
    public long lastTimeMs() {
      Block[] blocks = held.blocks();
      for (int i = blocks.length - 1; i >= 0; i--) {
        BlockPart part = BlockPart.find(blocks[i].state(), ref);
        if (part != null) {
          return part.lastTime();
        }
      }
      return Long.MIN_VALUE;
    }

    @Override
    public long sampleCount(long fromMs) {
      long count = 0;
      for (Block block : held.blocks()) {
        BlockPart part = block.endMs() <= fromMs ? null : BlockPart.find(block.state(), ref);
        if (part != null) {
          count +=
              block.startMs() >= fromMs
                  ? part.count()
                  : part.copy(fromMs, Long.MAX_VALUE, new SampleBuffer());
        }
      }
      return count;
    }
  }
}
