package io.tidegrid.node;

import io.tidegrid.persist.RollupArchive;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.WindowSource;
import io.tidegrid.store.BlockReader;
import io.tidegrid.store.BlockReader.BlockContent;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.CommitWatermark;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.store.RollupMarks;
import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardReader;
import io.tidegrid.store.ShardView;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import io.tidegrid.tier.WindowRoller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/** What the rollup pipeline reads of this member: marks and samples of its shards. */
final class StoreWindowSource implements WindowSource {

  /** Bounds the length of a statement and what is in memory of it. */
  static final int SLICE = 1_000;

  private final Shards shards;
  private final Archives archives;

  /**
   * What the member holds.
   *
   * @param owns whether the member owns a shard, by its number
   */
  record Shards(ShardReader reader, RollupMarks marks, BlockReader blocks, IntPredicate owns) {}

  /**
   * What the database holds.
   *
   * @param commits tells what is committed of the member's shards
   * @param timeout of one statement
   */
  record Archives(
      CommitWatermark commits, SampleArchive samples, RollupArchive rollups, Duration timeout) {}

  StoreWindowSource(Shards shards, Archives archives) {
    this.shards = shards;
    this.archives = archives;
  }

  @Override
  public List<DirtySpan> dirty() {
    List<DirtySpan> found = new ArrayList<>();
    for (int number = 0; number < shards.reader.shards(); number++) {
      if (shards.owns.test(number)) {
        add(number, found);
      }
    }
    return found;
  }

  private void add(int shard, List<DirtySpan> to) {
    RollupDirt dirt;
    try {
      dirt = shards.marks.dirt(shard);
    } catch (ShardMovedException e) {
      // Its new owner tells of it.
      return;
    }
    dirt.blocks()
        .forEach(
            (start, sequence) -> to.add(new DirtySpan(shard, Tier.ONE_MINUTE, start, sequence)));
    dirt.days()
        .forEach((start, sequence) -> to.add(new DirtySpan(shard, Tier.ONE_DAY, start, sequence)));
  }

  @Override
  public Reading read(DirtySpan span) {
    try {
      if (!shards.reader.read(span.shard(), ShardView::directoryWhole)) {
        return new NotNow("the series of the shard are being loaded");
      }
      return span.tier() == Tier.ONE_DAY
          ? readDay(span.shard(), span.startMs())
          : readBlock(span.shard(), span.startMs());
    } catch (ShardMovedException e) {
      return moved();
    }
  }

  /**
   * Through which sequence a reading has everything is said by the order of what is done here.
   *
   * <p>First the mark, with the sequence d of the last write to the block; then the content, before
   * which the shard was at sequence t.
   *
   * <p>Where memory holds the block whole, every batch up to t is in the content: so is every one
   * up to d, as a batch with a sequence above t would have come after the mark was read. There is
   * one exception: after a loss of all memory d is that of an earlier life of the shard, and t may
   * be less until the first write. What d stands for was committed with its mark then, and is part
   * of what makes the block whole. So the reading is complete through the greater of both.
   *
   * <p>Where memory does not, a batch may be neither in memory nor committed (an old one is only in
   * the journal). Those up to d have to be committed before the database is read; then they are in
   * what the database gives or in memory, which has the newer of two values of a time. Nothing is
   * said of batches between d and t. If one of them touched the block, its mark is above d and
   * stays, and the block is read again.
   */
  private Reading readBlock(int shard, long startMs) {
    Long marked = shards.marks.dirt(shard).blocks().get(startMs);
    if (marked == null) {
      return clean();
    }
    Optional<BlockContent> found = shards.blocks.find(shard, startMs);
    if (found.isEmpty()) {
      return moved();
    }
    BlockContent content = found.get();
    if (content.isWhole()) {
      long through = content.throughSequence();
      return new Content(
          Long.compareUnsigned(marked, through) > 0 ? marked : through,
          consumer -> roll(content, consumer));
    }
    if (archives.rollups.isRawDropped(startMs)) {
      return new Gone();
    }
    if (!archives.commits.isCommitted(shard, marked)) {
      return new NotNow("samples of it are not committed yet");
    }
    return new Content(
        marked,
        new MergedWindows(
            content,
            archives.samples,
            shard,
            startMs,
            startMs + BlockSpan.LENGTH_MS - 1,
            archives.timeout));
  }

  private static void roll(BlockContent content, SeriesWindows consumer) {
    WindowRoller roller = new WindowRoller();
    RollupColumns windows = new RollupColumns();
    content.forEach((series, samples) -> {
      windows.clear();
      roller.roll(
          Tier.ONE_MINUTE.windowMs(),
          samples.times(),
          samples.values(),
          0,
          samples.size(),
          windows);
      consumer.accept(series, windows);
    });
  }

  /**
   * The mark of a day has the highest sequence of the blocks stored since. It says of the hours
   * that are read after it only that those blocks are in them, and not which others came: so no
   * block may be dirty at the moment of the mark. One that becomes dirty after it is stored with a
   * sequence above the mark's, which then stays.
   */
  private Reading readDay(int shard, long startMs) {
    RollupDirt dirt = shards.marks.dirt(shard);
    Long marked = dirt.days().get(startMs);
    if (marked == null) {
      return clean();
    }
    if (!dirt.blocks().subMap(startMs, startMs + Tier.ONE_DAY.windowMs()).isEmpty()) {
      return new NotNow("a block of the day is dirty");
    }
    if (archives.rollups.keptFromMs(Tier.ONE_HOUR) > startMs) {
      return new Gone();
    }
    Optional<BlockContent> anyBlock = shards.blocks.find(shard, startMs);
    if (anyBlock.isEmpty()) {
      return moved();
    }
    long[] series = anyBlock.get().seriesIds();
    return new Content(marked, consumer -> mergeHours(series, startMs, consumer));
  }

  private void mergeHours(long[] series, long dayStartMs, SeriesWindows consumer) {
    WindowRoller roller = new WindowRoller();
    RollupColumns day = new RollupColumns();
    for (int from = 0; from < series.length; from += SLICE) {
      archives.rollups.read(
          Tier.ONE_HOUR,
          Arrays.copyOfRange(series, from, Math.min(series.length, from + SLICE)),
          dayStartMs,
          dayStartMs + Tier.ONE_DAY.windowMs(),
          true,
          archives.timeout,
          (id, hours) -> {
            day.clear();
            roller.merge(Tier.ONE_DAY.windowMs(), hours, 0, hours.size(), day);
            consumer.accept(id, day);
          });
    }
  }

  @Override
  public void refuse(DirtySpan span) {
    if (span.tier() == Tier.ONE_DAY) {
      shards.marks.dayRolled(span.shard(), span.startMs(), span.sequence());
    } else {
      shards.marks.blockRolled(span.shard(), span.startMs(), span.sequence());
    }
  }

  private static Reading clean() {
    return new NotNow("it is clean already");
  }

  private static Reading moved() {
    return new NotNow("the shard moved to another member");
  }
}
