package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.model.Matcher;
import io.tidegrid.persist.RollupArchive;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.WindowSource;
import io.tidegrid.store.BlockReader;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.store.RollupMarks;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.SeriesView;
import io.tidegrid.store.ShardMovedException;
import io.tidegrid.store.ShardReader;
import io.tidegrid.store.ShardView;
import io.tidegrid.store.WholeBlocks;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import io.tidegrid.tier.WindowRoller;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What the pipeline is given to read, and through which sequence. */
class StoreWindowSourceTest {

  private static final long DAY = Tier.ONE_DAY.windowMs();
  private static final long BLOCK = BlockSpan.LENGTH_MS;
  private static final long START = 20_000 * DAY;
  private static final long MINUTE = 60_000;

  private final Shard shard = new Shard();
  private final Database database = new Database();
  private final StoreWindowSource source =
      new StoreWindowSource(
          new StoreWindowSource.Shards(shard, shard, shard, number -> number != 7),
          new StoreWindowSource.Archives(
              (number, sequence) -> sequence <= database.committed,
              database,
              database,
              Duration.ofSeconds(1)));

  @Test
  void dirtIsToldOfTheShardsThatAreOwned() {
    shard.dirtyBlocks.put(START, 5L);
    shard.dirtyDays.put(START - DAY, 4L);
    List<DirtySpan> dirty = source.dirty();
    // 8 shards: one is another member's, one is moving.
    assertThat(dirty).hasSize(12);
    assertThat(dirty)
        .contains(
            new DirtySpan(0, Tier.ONE_MINUTE, START, 5),
            new DirtySpan(0, Tier.ONE_DAY, START - DAY, 4))
        .noneMatch(span -> span.shard() >= 6);
  }

  @Test
  void aBlockThatMemoryHoldsWholeIsReadFromThere() {
    shard.dirtyBlocks.put(START, 5L);
    shard.whole = true;
    shard.through = 9;
    shard.put(1, START, 1).put(1, START + 1_000, 2).put(1, START + MINUTE, 4).put(2, START, 7);
    Content read = content(block());
    assertThat(read.sequence).isEqualTo(9);
    assertThat(read.counts).isEqualTo(Map.of(1L, List.of(2L, 1L), 2L, List.of(1L)));
    assertThat(database.reads).isZero();
  }

  @Test
  void aMarkOfAnEarlierLifeOfTheShardIsWorkedOff() {
    shard.dirtyBlocks.put(START, 5L << 32 | 17);
    shard.whole = true;
    shard.through = 0;
    assertThat(content(block()).sequence).isEqualTo(5L << 32 | 17);
  }

  @Test
  void aBlockThatIsNotWholeIsMergedAndMemoryWins() {
    shard.dirtyBlocks.put(START, 5L);
    shard.through = 9;
    shard.put(1, START + 1_000, 20).put(1, START + MINUTE, 4).put(3, START, 3);
    shard.ids = new long[] {3, 2, 1};
    database.committed = 5;
    database.put(1, START, 1).put(1, START + 1_000, 10).put(2, START + MINUTE, 5);
    database.put(2, START + BLOCK, 6);
    Content read = content(block());
    assertThat(read.sequence).as("what came after the mark is not promised").isEqualTo(5);
    assertThat(read.counts)
        .isEqualTo(Map.of(1L, List.of(2L, 1L), 2L, List.of(1L), 3L, List.of(1L)));
    assertThat(read.sums.get(1L)).containsExactly(21.0, 4.0);
  }

  @Test
  void manySeriesAreReadInSlices() {
    shard.dirtyBlocks.put(START, 5L);
    database.committed = 5;
    shard.ids = new long[2_500];
    for (int i = 0; i < shard.ids.length; i++) {
      shard.ids[i] = i * 7_919L % 2_503;
      database.put(shard.ids[i], START + i, i);
      if (i % 3 == 0) {
        shard.put(shard.ids[i], START + MINUTE, i);
      }
    }
    Content read = content(block());
    assertThat(database.reads).isEqualTo(3);
    assertThat(read.counts).hasSize(2_500);
    assertThat(read.counts.values().stream().filter(counts -> counts.size() == 2)).hasSize(834);
  }

  @Test
  void aBlockThatIsNotWholeWaitsForItsCommit() {
    shard.dirtyBlocks.put(START, 5L);
    database.committed = 4;
    assertThat(source.read(block())).isInstanceOf(WindowSource.NotNow.class);
    database.committed = 5;
    assertThat(source.read(block())).isInstanceOf(WindowSource.Content.class);
  }

  @Test
  void beforeAllSeriesAreKnownNothingIsRead() {
    shard.dirtyBlocks.put(START, 5L);
    shard.directoryWhole = false;
    assertThat(source.read(block())).isInstanceOf(WindowSource.NotNow.class);
  }

  @Test
  void aShardThatMovedIsNotRead() {
    assertThat(source.read(new DirtySpan(6, Tier.ONE_MINUTE, START, 5)))
        .isInstanceOf(WindowSource.NotNow.class);
  }

  @Test
  void whatIsCleanMeanwhileIsNotRead() {
    assertThat(source.read(block())).isInstanceOf(WindowSource.NotNow.class);
    assertThat(source.read(day())).isInstanceOf(WindowSource.NotNow.class);
  }

  @Test
  void whereRawSamplesWereDroppedOnlyMemoryThatHasAllWillDo() {
    shard.dirtyBlocks.put(START, 5L);
    database.rawDropped = true;
    database.committed = 5;
    assertThat(source.read(block())).isInstanceOf(WindowSource.Gone.class);
    shard.whole = true;
    assertThat(source.read(block())).isInstanceOf(WindowSource.Content.class);
  }

  @Test
  void refusingClearsTheMark() {
    shard.dirtyBlocks.put(START, 5L);
    shard.dirtyDays.put(START, 5L);
    source.refuse(block());
    assertThat(shard.dirtyBlocks).isEmpty();
    source.refuse(day());
    assertThat(shard.dirtyDays).isEmpty();
  }

  @Test
  void aDayIsMergedFromItsStoredHours() {
    shard.dirtyDays.put(START, 5L);
    shard.ids = new long[] {1, 2};
    database.hours.put(1L, hours(START, START + 5_400_000, START + 7_200_000));
    Content read = content(day());
    assertThat(read.sequence).isEqualTo(5);
    assertThat(read.counts).isEqualTo(Map.of(1L, List.of(3L)));
  }

  @Test
  void aDayWithADirtyBlockIsNotRead() {
    shard.dirtyDays.put(START, 5L);
    shard.dirtyBlocks.put(START + DAY - BLOCK, 4L);
    assertThat(source.read(day())).isInstanceOf(WindowSource.NotNow.class);
    shard.dirtyBlocks.clear();
    shard.dirtyBlocks.put(START + DAY, 4L);
    assertThat(source.read(day())).isInstanceOf(WindowSource.Content.class);
  }

  @Test
  void aDayWhoseHoursWereDroppedIsGone() {
    shard.dirtyDays.put(START, 5L);
    database.hoursFrom = START + 1;
    assertThat(source.read(day())).isInstanceOf(WindowSource.Gone.class);
  }

  private record Content(
      long sequence, Map<Long, List<Long>> counts, Map<Long, List<Double>> sums) {}

  private Content content(DirtySpan span) {
    WindowSource.Reading reading = source.read(span);
    assertThat(reading).isInstanceOf(WindowSource.Content.class);
    WindowSource.Content content = (WindowSource.Content) reading;
    Map<Long, List<Long>> counts = new HashMap<>();
    Map<Long, List<Double>> sums = new HashMap<>();
    content
        .windows()
        .forEach((series, windows) -> {
          counts.put(
              series,
              java.util.Arrays.stream(windows.counts(), 0, windows.size()).boxed().toList());
          sums.put(
              series, java.util.Arrays.stream(windows.sums(), 0, windows.size()).boxed().toList());
        });
    return new Content(content.sequence(), counts, sums);
  }

  private static DirtySpan block() {
    return new DirtySpan(0, Tier.ONE_MINUTE, START, 5);
  }

  private static DirtySpan day() {
    return new DirtySpan(0, Tier.ONE_DAY, START, 5);
  }

  private static RollupColumns hours(long... times) {
    RollupColumns hours = new RollupColumns();
    new WindowRoller()
        .roll(Tier.ONE_HOUR.windowMs(), times, new double[times.length], 0, times.length, hours);
    return hours;
  }

  private static SampleBuffer buffer(Map<Long, Double> samples) {
    SampleBuffer buffer = new SampleBuffer();
    samples.forEach(buffer::add);
    return buffer;
  }

  /** Eight shards that are all alike; number 6 is on the move. */
  private static final class Shard implements ShardReader, RollupMarks, BlockReader {

    final NavigableMap<Long, Long> dirtyBlocks = new TreeMap<>();
    final NavigableMap<Long, Long> dirtyDays = new TreeMap<>();
    final Map<Long, NavigableMap<Long, Double>> samples = new HashMap<>();
    long[] ids = {1, 2};
    boolean whole;
    boolean directoryWhole = true;
    long through;

    Shard put(long id, long time, double value) {
      samples.computeIfAbsent(id, ignored -> new TreeMap<>()).put(time, value);
      return this;
    }

    @Override
    public int shards() {
      return 8;
    }

    @Override
    public <T> T read(int number, Function<ShardView, T> reading) {
      refuseMoving(number);
      return reading.apply(new View(this, number));
    }

    private static void refuseMoving(int number) {
      if (number == 6) {
        throw new ShardMovedException(number);
      }
    }

    @Override
    public RollupDirt dirt(int number) {
      refuseMoving(number);
      return new RollupDirt(dirtyBlocks, dirtyDays);
    }

    @Override
    public void blockRolled(int number, long blockStartMs, long throughSequence) {
      boolean ignored = dirtyBlocks.remove(blockStartMs, throughSequence);
    }

    @Override
    public void dayRolled(int number, long dayStartMs, long throughSequence) {
      boolean ignored = dirtyDays.remove(dayStartMs, throughSequence);
    }

    @Override
    public void restoreDirt(int number, RollupDirt marks) {
      throw new AssertionError();
    }

    @Override
    public Optional<BlockContent> find(int number, long blockStartMs) {
      return Optional.of(
          new BlockContent() {
            @Override
            public boolean isWhole() {
              return whole;
            }

            @Override
            public long throughSequence() {
              return through;
            }

            @Override
            public long[] seriesIds() {
              return ids;
            }

            @Override
            public void forEach(WholeBlocks.SeriesSamples consumer) {
              samples.forEach((id, found) -> consumer.accept(id, buffer(found)));
            }
          });
    }
  }

  /** Only whether the directory is whole is asked of it. */
  private record View(Shard of, int shard) implements ShardView {

    @Override
    public boolean directoryWhole() {
      return of.directoryWhole;
    }

    @Override
    public long wholeFromMs() {
      throw new AssertionError();
    }

    @Override
    public RollupDirt dirt() {
      throw new AssertionError();
    }

    @Override
    public Set<String> tenants() {
      throw new AssertionError();
    }

    @Override
    public void select(String tenant, List<Matcher> matchers, Consumer<SeriesView> consumer) {
      throw new AssertionError();
    }

    @Override
    public Set<String> labelNames(String tenant) {
      throw new AssertionError();
    }

    @Override
    public Set<String> labelValues(String tenant, String label) {
      throw new AssertionError();
    }
  }

  /** A database in memory. */
  private static final class Database implements SampleArchive, RollupArchive {

    final Map<Long, NavigableMap<Long, Double>> samples = new HashMap<>();
    final Map<Long, RollupColumns> hours = new HashMap<>();
    long committed;
    boolean rawDropped;
    long hoursFrom = Long.MIN_VALUE;
    int reads;

    Database put(long id, long time, double value) {
      samples.computeIfAbsent(id, ignored -> new TreeMap<>()).put(time, value);
      return this;
    }

    @Override
    public void read(
        long[] ids,
        int[] shards,
        long fromMs,
        long toMs,
        Duration timeout,
        BiConsumer<Long, SampleBuffer> consumer) {
      assertThat(shards).hasSameSizeAs(ids).containsOnly(0);
      reads++;
      for (long id : ids) {
        SampleBuffer found =
            buffer(samples.getOrDefault(id, new TreeMap<>()).subMap(fromMs, true, toMs, true));
        if (found.size() > 0) {
          consumer.accept(id, found);
        }
      }
    }

    @Override
    public void readLatest(
        long[] ids,
        int[] shards,
        long toMs,
        Duration timeout,
        BiConsumer<Long, SampleBuffer> consumer) {
      throw new AssertionError();
    }

    @Override
    public void read(
        Tier tier,
        long[] ids,
        long fromMs,
        long toMs,
        boolean histograms,
        Duration timeout,
        RollupArchive.Consumer consumer) {
      assertThat(tier).isEqualTo(Tier.ONE_HOUR);
      assertThat(histograms).isTrue();
      assertThat(toMs - fromMs).isEqualTo(DAY);
      for (long id : ids) {
        if (hours.containsKey(id)) {
          consumer.accept(id, hours.get(id));
        }
      }
    }

    @Override
    public boolean isRawDropped(long timeMs) {
      return rawDropped;
    }

    @Override
    public long keptFromMs(Tier tier) {
      return tier == Tier.ONE_HOUR ? hoursFrom : Long.MIN_VALUE;
    }
  }
}
