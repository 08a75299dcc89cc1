package io.tidegrid.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.BlockDemand;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.RollStamps;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.tier.ExponentialHistogram;
import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares windows with the plainest way to compute them from all samples, while those lie in
 * memory, in the archive of samples, and in windows that are right where the shard is clean and
 * wrong where it is dirty.
 */
class RollupQueryTest {

  private static final QueryContext CONTEXT = QueryContext.of(Duration.ofSeconds(20));
  private static final List<Matcher> METRIC = List.of(Matcher.equal("__name__", "m"));
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final long START = Instant.parse("2025-12-01T00:00:00Z").toEpochMilli();
  private static final long NOW = START + 3 * DAY + 5 * HOUR + 37 * MINUTE + 12_345;

  private static HazelcastInstance member;

  private final List<FakeShard> shards = FakeReader.shards(Members.SHARDS);
  private final FakeArchive archive = new FakeArchive();
  private final FakeRollupArchive rollups = new FakeRollupArchive();
  private final Map<Labels, NavigableMap<Long, Double>> all = new TreeMap<>();
  private final Map<String, Long> tenantKeeps = new TreeMap<>();
  private GridQueryEngine engine;

  @BeforeAll
  static void startMember() {
    member = new Members().start();
  }

  @AfterAll
  static void stopMember() {
    member.getLifecycleService().terminate();
  }

  @BeforeEach
  void startEngine() {
    start(QueryOptions.defaults(), true);
  }

  private void start(QueryOptions options, boolean storing) {
    closeEngine();
    engine =
        new GridQueryEngine(
            member,
            new FakeReader(shards),
            storing ? Optional.of(archive) : Optional.empty(),
            options,
            new SimpleMeterRegistry(),
            () -> Instant.ofEpochMilli(NOW),
            storing ? Optional.of(rollups) : Optional.empty(),
            (tenant, source) -> tenantKeeps.getOrDefault(source, Long.MIN_VALUE),
            BlockDemand.NONE);
  }

  @AfterEach
  void closeEngine() {
    if (engine != null) {
      engine.close();
    }
  }

  // ---- the data

  /** What was sent: a counter with resets, doubles, samples out of order, late ones, NaN. */
  private static NavigableMap<Long, Double> samples(Random random) {
    TreeMap<Long, Double> last = new TreeMap<>();
    double counter = 0;
    long from = START + random.nextLong(DAY);
    long to = NOW - (random.nextInt(4) == 0 ? random.nextLong(DAY) : 0);
    for (long time = from; time < to; time += 1 + random.nextLong(6 * MINUTE)) {
      counter = random.nextInt(30) == 0 ? random.nextInt(5) : counter + random.nextInt(999) / 10.0;
      long late = random.nextInt(20) == 0 ? 2 * HOUR : random.nextInt(5) == 0 ? MINUTE : 0;
      long at = Math.max(START, time - late);
      last.put(at, random.nextInt(40) == 0 ? Double.NaN : counter);
      if (random.nextInt(5) == 0) {
        last.put(at, random.nextInt(10) == 0 ? -counter : counter);
      }
      if (random.nextInt(200) == 0) {
        time += 5 * HOUR;
      }
    }
    return last;
  }

  private void fill(long seed, double dirty) {
    Random random = new Random(seed);
    for (FakeShard shard : shards) {
      TreeMap<Long, Long> blocks = new TreeMap<>();
      for (long block = START; block <= NOW; block += BlockSpan.LENGTH_MS) {
        if (random.nextDouble() < dirty || block + BlockSpan.LENGTH_MS > NOW) {
          blocks.put(block, 1L);
        }
      }
      TreeMap<Long, Long> days = new TreeMap<>();
      for (long day = START; day <= NOW; day += DAY) {
        if (random.nextDouble() < dirty || day + DAY > NOW) {
          days.put(day, 1L);
        }
      }
      // Every other shard's windows may be kept once they were read.
      RollStamps stamps = new RollStamps(seed * 2 + shards.indexOf(shard) % 2, new TreeMap<>());
      shard.dirt = new RollupDirt(blocks, days, random.nextBoolean() ? stamps : RollStamps.NONE);
      shard.wholeFromMs =
          switch (random.nextInt(4)) {
            case 0 -> Long.MIN_VALUE;
            case 1 -> NOW + HOUR;
            default -> START + random.nextLong(3 * DAY);
          };
    }
    for (int s = 0; s < 24; s++) {
      Labels.Builder labels = Labels.builder().add("__name__", "m").add("id", "" + s);
      if (s % 4 != 0) {
        labels.add("zone", "z" + s % 3).add("host", "h" + s % 5);
      }
      add(labels.build(), samples(random), random);
    }
  }

  private void add(Labels labels, NavigableMap<Long, Double> samples, Random random) {
    SeriesKey key = SeriesKey.of("t", labels);
    FakeShard shard = shards.get(key.shard(Members.SHARDS));
    TreeMap<Long, Double> memory = new TreeMap<>();
    TreeMap<Long, Double> blocks = new TreeMap<>();
    TreeMap<Long, Double> days = new TreeMap<>();
    samples.forEach((time, value) -> {
      boolean late = random.nextInt(10) == 0;
      if (time >= shard.wholeFromMs || late) {
        memory.put(time, value);
      }
      if (time < shard.wholeFromMs && (!late || random.nextBoolean())) {
        archive.put(key.id(), time, late ? value + 1 : value);
      }
      boolean clean = !shard.dirt.isDirty(BlockSpan.startOf(time));
      blocks.put(time, clean ? value : -1e12);
      days.put(time, shard.dirt.isDayDirty(Tier.ONE_DAY.startOf(time)) ? -1e12 : value);
    });
    rollups.roll(key.id(), blocks, days);
    shard.add(
        "t",
        new FakeSeries(key.id(), labels)
            .samples(
                memory.keySet().stream().mapToLong(t -> t).toArray(),
                memory.values().stream().mapToDouble(v -> v).toArray()));
    all.put(labels, samples);
  }

  // ---- the plain computation

  private record Key(Labels labels, long timeMs) {}

  /** All values of a window, and what its series have in differences. */
  private static final class Plain {
    private final List<double[]> samples = new ArrayList<>();
    private double increase;
    private double delta;
    private double rate;
    private long resets;
    private boolean rising;

    private double[] sorted = {};

    private double[] sorted() {
      if (sorted.length != samples.size()) {
        sorted = samples.stream().mapToDouble(s -> s[1]).sorted().toArray();
      }
      return sorted;
    }

    private double edge(boolean first) {
      double time =
          first
              ? samples.stream().mapToDouble(s -> s[0]).min().orElseThrow()
              : samples.stream().mapToDouble(s -> s[0]).max().orElseThrow();
      return samples.stream().filter(s -> s[0] == time).mapToDouble(s -> s[1]).max().orElseThrow();
    }

    private double quantile(double share) {
      double[] values = sorted();
      return Math.clamp(
          ExponentialHistogram.of(values).quantile(share), values[0], values[values.length - 1]);
    }

    private double value(Function function) {
      return switch (function) {
        case AVG -> Arrays.stream(sorted()).average().orElseThrow();
        case SUM -> Arrays.stream(sorted()).sum();
        case MIN -> sorted()[0];
        case MAX -> sorted()[samples.size() - 1];
        case COUNT -> samples.size();
        case RATE -> rate;
        case INCREASE -> increase;
        case DELTA -> delta;
        case FIRST -> edge(true);
        case LAST -> edge(false);
        case P50 -> quantile(0.5);
        case P90 -> quantile(0.9);
        case P95 -> quantile(0.95);
        case P99 -> quantile(0.99);
        case STDDEV, RAW -> throw new AssertionError();
      };
    }
  }

  private Map<Labels, Map<Long, Plain>> plain(TimeRange range, long windowMs, Grouping grouping) {
    TreeMap<Labels, Map<Long, Plain>> groups = new TreeMap<>();
    all.forEach((labels, samples) -> {
      Labels.Builder group = Labels.builder();
      grouping.labels().forEach(name -> group.add(name, labels.get(name)));
      Map<Long, Plain> windows =
          groups.computeIfAbsent(
              grouping.eachSeries() ? labels : group.build(), g -> new TreeMap<>());
      double[] before = null;
      TreeMap<Long, double[]> risen = new TreeMap<>();
      for (Map.Entry<Long, Double> sample :
          samples.subMap(range.fromMs(), true, range.toMs(), true).entrySet()) {
        if (sample.getValue().isNaN()) {
          continue;
        }
        double[] now = {sample.getKey(), sample.getValue()};
        long start = windowMs == 0 ? range.fromMs() : sample.getKey() / windowMs * windowMs;
        Plain window = windows.computeIfAbsent(start, w -> new Plain());
        window.samples.add(now);
        if (before != null) {
          double increase = now[1] < before[1] ? now[1] : now[1] - before[1];
          window.resets += now[1] < before[1] ? 1 : 0;
          window.increase += increase;
          window.delta += now[1] - before[1];
          window.rising = true;
          double[] sums = risen.computeIfAbsent(start, w -> new double[2]);
          sums[0] += increase;
          sums[1] += now[0] - before[0];
        }
        before = now;
      }
      risen.forEach((start, sums) -> {
        double length =
            windowMs == 0
                ? range.toMs() - range.fromMs()
                : Math.min(start + windowMs, range.toMs()) - Math.max(start, range.fromMs());
        windows.get(start).rate += sums[0] * 1_000 / Math.max(length, sums[1]);
      });
    });
    groups.values().removeIf(Map::isEmpty);
    return groups;
  }

  private static void assertClose(String what, Object where, double actual, double expected) {
    assertThat(actual)
        .as("%s of %s", what, where)
        .isCloseTo(expected, within(1e-9 * Math.max(1, Math.abs(expected))));
  }

  private void assertEqualsPlain(TimeRange range, long windowMs, Grouping grouping) {
    RollupResult result =
        engine.rollups(new RollupQuery("t", METRIC, range, windowMs, grouping, true), CONTEXT);
    List<Key> expected = new ArrayList<>();
    Map<Labels, Map<Long, Plain>> plain = plain(range, windowMs, grouping);
    plain.forEach((labels, windows) -> windows.forEach((t, w) -> expected.add(new Key(labels, t))));
    assertThat(result.rows())
        .extracting(row -> new Key(row.labels(), row.timeMs()))
        .as("%s every %d by %s", range, windowMs, grouping)
        .isEqualTo(expected);
    for (RollupRow row : result.rows()) {
      Plain p = plain.get(row.labels()).get(row.timeMs());
      assertThat(row.count()).as("%s", row).isEqualTo(p.samples.size());
      assertThat(row.min()).as("%s", row).isEqualTo(p.value(Function.MIN));
      assertThat(row.max()).as("%s", row).isEqualTo(p.value(Function.MAX));
      assertThat(row.first()).as("%s", row).isEqualTo(p.value(Function.FIRST));
      assertThat(row.last()).as("%s", row).isEqualTo(p.value(Function.LAST));
      assertThat(row.resets()).as("%s", row).isEqualTo(p.resets);
      assertThat(row.p50()).as("%s", row).isEqualTo(p.value(Function.P50));
      assertThat(row.p99()).as("%s", row).isEqualTo(p.value(Function.P99));
      assertClose("sum", row, row.sum(), p.value(Function.SUM));
      assertClose("increase", row, row.increase(), p.increase);
      assertClose("delta", row, row.delta(), p.delta);
      assertClose("rate", row, row.rate(), p.rate);
    }
  }

  private static final List<Grouping> GROUPINGS =
      List.of(
          Grouping.bySeries(),
          Grouping.by(List.of()),
          Grouping.by(List.of("zone")),
          Grouping.by(List.of("zone", "host", "none")));

  private static final List<TimeRange> RANGES =
      List.of(
          new TimeRange(START, NOW),
          new TimeRange(START + 1, NOW - DAY),
          new TimeRange(START + 61 * MINUTE + 7, START + 2 * DAY + 3 * HOUR + 11),
          new TimeRange(START + DAY, START + 2 * DAY - 1),
          new TimeRange(START + DAY + 10, START + DAY + 20 * MINUTE),
          new TimeRange(START + 5 * HOUR + 30_000, START + 5 * HOUR + 45_000),
          new TimeRange(START + 7 * HOUR, START + 7 * HOUR),
          new TimeRange(Long.MIN_VALUE, Long.MAX_VALUE));

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.2, 1})
  void windowsEqualThePlainComputation(double dirty) {
    fill(7 + (long) (dirty * 10), dirty);
    for (TimeRange range : RANGES) {
      for (long window : new long[] {5 * MINUTE, HOUR, 3 * HOUR, DAY, 36 * HOUR, 90_000}) {
        assertEqualsPlain(range, window, GROUPINGS.get((int) (window / 90_000 % 4)));
      }
    }
    for (Grouping grouping : GROUPINGS) {
      assertEqualsPlain(new TimeRange(NOW - 7 * HOUR, NOW), MINUTE, grouping);
      assertEqualsPlain(RANGES.get(2), 7 * MINUTE, grouping);
      assertEqualsPlain(RANGES.get(2), HOUR, grouping);
      assertEqualsPlain(RANGES.get(0), DAY, grouping);
    }
    assertThat(rollups.asked).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 5 * MINUTE, HOUR, DAY, 50 * HOUR})
  void everyFunctionOverWindowsEqualsThePlainComputation(long interval) {
    fill(interval + 1, 0.15);
    for (TimeRange range : List.of(RANGES.get(0), RANGES.get(2), RANGES.get(3))) {
      for (Function function : Function.values()) {
        if (function == Function.RAW || function == Function.STDDEV) {
          continue;
        }
        for (Grouping grouping : GROUPINGS.subList(1, 4)) {
          Aggregates actual =
              engine.aggregate(
                  new AggregateQuery("t", METRIC, range, function, interval, grouping.labels()),
                  CONTEXT);
          assertThat(actual.source()).isNotEqualTo(Source.RAW);
          List<Bucket> expected = new ArrayList<>();
          plain(range, interval, grouping)
              .forEach((labels, windows) ->
                  windows.forEach((time, window) -> {
                    if (window.rising
                        || (function != Function.RATE
                            && function != Function.INCREASE
                            && function != Function.DELTA)) {
                      expected.add(new Bucket(labels, time, window.value(function)));
                    }
                  }));
          assertThat(actual.buckets())
              .extracting(bucket -> new Key(bucket.labels(), bucket.timeMs()))
              .isEqualTo(expected.stream().map(b -> new Key(b.labels(), b.timeMs())).toList());
          for (int i = 0; i < expected.size(); i++) {
            assertClose(
                function.text(),
                expected.get(i),
                actual.buckets().get(i).value(),
                expected.get(i).value());
          }
        }
      }
    }
  }

  @Test
  void withoutADatabaseWindowsComeFromMemory() {
    start(QueryOptions.defaults(), false);
    Random random = new Random(5);
    for (int s = 0; s < 10; s++) {
      add(Labels.of("__name__", "m", "id", "" + s), samples(random), random);
    }
    assertEqualsPlain(RANGES.get(2), HOUR, Grouping.bySeries());
    assertEqualsPlain(RANGES.get(0), DAY, Grouping.by(List.of()));
  }

  // ---- one series whose samples are everywhere

  /** A sample each ten minutes from the start, its number as the value, clean up to now. */
  private FakeShard addPlainSeries(long wholeFromMs) {
    Labels labels = Labels.of("__name__", "m", "id", "one");
    SeriesKey key = SeriesKey.of("t", labels);
    FakeShard shard = shards.get(key.shard(Members.SHARDS));
    shard.wholeFromMs = wholeFromMs;
    shard.dirt =
        new RollupDirt(
            new TreeMap<>(Map.of(BlockSpan.startOf(NOW), 1L)),
            new TreeMap<>(Map.of(Tier.ONE_DAY.startOf(NOW), 1L)));
    TreeMap<Long, Double> samples = new TreeMap<>();
    for (long time = START; time < NOW; time += 10 * MINUTE) {
      samples.put(time, (double) samples.size());
    }
    add(labels, samples, new Random(2));
    return shard;
  }

  private List<RollupRow> rows(TimeRange range, long windowMs) {
    return engine
        .rollups(new RollupQuery("t", METRIC, range, windowMs, Grouping.bySeries(), false), CONTEXT)
        .rows();
  }

  @Test
  void onlyWhatIsNeededIsRead() {
    addPlainSeries(NOW - HOUR);
    assertEqualsPlain(new TimeRange(START + 30 * MINUTE, NOW), DAY, Grouping.bySeries());
    assertThat(rollups.asked)
        .extracting(FakeRollupArchive.Asked::tier, FakeRollupArchive.Asked::fromMs)
        .containsExactlyInAnyOrder(
            org.assertj.core.groups.Tuple.tuple(Tier.ONE_HOUR, START + HOUR),
            org.assertj.core.groups.Tuple.tuple(Tier.ONE_DAY, START + DAY),
            org.assertj.core.groups.Tuple.tuple(Tier.ONE_HOUR, START + 3 * DAY));
    assertThat(archive.asked)
        .containsExactly(
            new FakeArchive.Asked(1, START + 30 * MINUTE, START + HOUR - 1),
            new FakeArchive.Asked(1, BlockSpan.startOf(NOW), NOW - HOUR - 1));
    rollups.asked.clear();
    rows(new TimeRange(START, START + DAY - 1), HOUR);
    assertThat(rollups.asked)
        .containsExactly(new FakeRollupArchive.Asked(Tier.ONE_HOUR, 1, START, START + DAY, false));
  }

  /** By what the shard says of itself, what was read stays right until a block is computed anew. */
  @Test
  void hoursAreReadOnceUntilABlockOfTheirDayGotClean() {
    FakeShard shard = addPlainSeries(NOW);
    RollupDirt dirt = shard.dirt;
    long copy = 77;
    shard.dirt = new RollupDirt(dirt.blocks(), dirt.days(), new RollStamps(copy, new TreeMap<>()));
    TimeRange range = new TimeRange(START + 5 * HOUR, START + 3 * DAY + HOUR - 1);
    List<RollupRow> before = rows(range, HOUR);
    assertThat(rollups.asked)
        .containsExactly(
            new FakeRollupArchive.Asked(Tier.ONE_HOUR, 1, START, START + 4 * DAY, false));
    assertThat(rows(range, HOUR)).isEqualTo(before);
    assertThat(rows(new TimeRange(START, START + DAY - 1), HOUR)).hasSize(24);
    assertEqualsPlain(
        new TimeRange(START + 30 * MINUTE, START + 2 * DAY), 2 * HOUR, Grouping.bySeries());
    assertThat(rollups.asked.stream().filter(asked -> !asked.histograms())).hasSize(1);

    // Percentiles were not among it.
    rollups.asked.clear();
    RollupQuery percentiles = new RollupQuery("t", METRIC, range, HOUR, Grouping.bySeries(), true);
    engine.rollups(percentiles, CONTEXT);
    engine.rollups(percentiles, CONTEXT);
    assertThat(rows(range, HOUR)).isEqualTo(before);
    assertThat(rollups.asked).hasSizeLessThanOrEqualTo(1);

    rollups.asked.clear();
    Labels labels = Labels.of("__name__", "m", "id", "one");
    NavigableMap<Long, Double> samples = all.get(labels);
    samples.put(START + DAY + 7 * HOUR + 1, 1e6);
    long id = SeriesKey.of("t", labels).id();
    archive.put(id, START + DAY + 7 * HOUR + 1, 1e6);
    rollups.roll(id, new TreeMap<>(samples), new TreeMap<>(samples));
    shard.dirt =
        new RollupDirt(
            dirt.blocks(),
            dirt.days(),
            new RollStamps(copy, new TreeMap<>(Map.of(START + DAY, 1L))));
    assertThat(rows(range, HOUR)).isNotEqualTo(before);
    assertEqualsPlain(range, HOUR, Grouping.bySeries());
    assertThat(rollups.asked).isNotEmpty();
  }

  @Test
  void littleInMemoryIsNotAskedForAndTheRestIsWhenTheDatabaseIsAway() {
    FakeShard shard = addPlainSeries(Long.MIN_VALUE);
    assertEqualsPlain(new TimeRange(START, NOW), HOUR, Grouping.bySeries());
    assertThat(rollups.asked).isEmpty();

    long[] times = new long[300_000];
    double[] values = new double[times.length];
    Arrays.setAll(times, i -> START + i * 900L);
    Labels many = Labels.of("__name__", "many");
    SeriesKey key = SeriesKey.of("t", many);
    FakeShard its = shards.get(key.shard(Members.SHARDS));
    its.dirt = shard.dirt;
    its.add("t", new FakeSeries(key.id(), many).samples(times, values));
    RollupQuery query =
        new RollupQuery(
            "t",
            List.of(Matcher.equal("__name__", "many")),
            new TimeRange(START, NOW),
            HOUR,
            Grouping.bySeries(),
            false);
    engine.rollups(query, CONTEXT);
    assertThat(rollups.asked).hasSize(1);
    rollups.before =
        () -> {
          throw TidegridException.retryable(
              ErrorCode.STORAGE_AWAY, "the database is away", Duration.ofSeconds(3));
        };
    assertThat(engine.rollups(query, CONTEXT).rows())
        .hasSize(75)
        .first()
        .satisfies(row -> assertThat(row.count()).isEqualTo(4_000));
    its.wholeFromMs = NOW;
    assertThatThrownBy(() -> engine.rollups(query, CONTEXT))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY));
  }

  @Test
  void manySeriesAreCompletedAsTheyAreFound() {
    int count = 5_000;
    for (int i = 0; i < count; i++) {
      Labels labels = Labels.of("__name__", "m", "id", "" + i);
      SeriesKey key = SeriesKey.of("t", labels);
      TreeMap<Long, Double> samples = new TreeMap<>(Map.of(START + i, (double) i));
      rollups.roll(key.id(), samples, samples);
      FakeShard shard = shards.get(key.shard(Members.SHARDS));
      shard.add("t", new FakeSeries(key.id(), labels));
      shard.wholeFromMs = NOW;
    }
    RollupQuery query =
        new RollupQuery("t", METRIC, new TimeRange(START, NOW), HOUR, Grouping.by(List.of()), true);
    List<RollupRow> rows = engine.rollups(query, CONTEXT).rows();
    assertThat(rows).hasSize(1);
    assertThat(rows.getFirst().count()).isEqualTo(count);
    assertThat(rows.getFirst().sum()).isEqualTo(count * (count - 1) / 2.0);
    assertThat(rollups.asked).allMatch(asked -> asked.ids() <= 1_000);
    assertThat(rollups.asked.stream().mapToInt(FakeRollupArchive.Asked::ids).sum())
        .isEqualTo(count);
  }

  @Test
  void whereSamplesAreGoneEdgesTakeWholeWindows() {
    FakeShard shard = addPlainSeries(NOW - HOUR);
    archive.clear();
    rollups.rawDroppedToMs = START + 2 * DAY;
    shard.dirt = RollupDirt.NONE;
    List<RollupRow> rows =
        rows(new TimeRange(START + HOUR + 5, START + 3 * HOUR + 5 * MINUTE), HOUR);
    assertThat(rows)
        .extracting(RollupRow::timeMs)
        .containsExactly(START + HOUR, START + 2 * HOUR, START + 3 * HOUR);
    assertThat(rows).extracting(RollupRow::count).containsOnly(6L);
    assertThat(rows(new TimeRange(START + 5 * HOUR, START + 2 * DAY), DAY))
        .extracting(RollupRow::count)
        .containsExactly(19 * 6L, 144L);
  }

  @Test
  void ageForcesCoarserSourcesAndWhatIsGoneIsSaid() {
    addPlainSeries(NOW - HOUR);
    TimeRange day = new TimeRange(START, START + DAY);
    assertThat(engine.sourceFor("t", new TimeRange(START, START + HOUR))).isEqualTo(Source.RAW);
    assertThat(engine.sourceFor("t", day)).isEqualTo(Source.ONE_MINUTE);
    assertThat(engine.sourceFor("t", new TimeRange(START, START + 7 * DAY)))
        .isEqualTo(Source.ONE_HOUR);
    assertThat(engine.sourceFor("t", new TimeRange(START, START + 7 * DAY + 1)))
        .isEqualTo(Source.ONE_DAY);
    assertThat(engine.sourceFor("t", new TimeRange(Long.MIN_VALUE, Long.MAX_VALUE)))
        .isEqualTo(Source.ONE_DAY);
    rollups.rawDroppedToMs = START + 2 * DAY;
    assertThat(engine.sourceFor("t", new TimeRange(START, START + HOUR)))
        .isEqualTo(Source.ONE_MINUTE);
    rollups.keptFromMs.put(Tier.ONE_MINUTE, NOW - DAY);
    rollups.keptFromMs.put(Tier.FIVE_MINUTES, NOW - DAY);
    assertThat(engine.sourceFor("t", day)).isEqualTo(Source.ONE_HOUR);
    archive.clear();
    shards.forEach(FakeShard::clear);
    addPlainSeries(NOW - HOUR).clear();
    Labels known = Labels.of("__name__", "m", "id", "one");
    shards.getFirst().add("t", new FakeSeries(1, known));
    shards.forEach(shard -> shard.wholeFromMs = NOW);
    archive.clear();
    assertThatThrownBy(() -> rows(new TimeRange(START, START + HOUR), MINUTE))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_RANGE))
        .hasMessageContaining("windows of 1m")
        .hasMessageContaining("1h (kept for ever)");
    assertThatThrownBy(
            () -> engine.select("t", METRIC, new TimeRange(START, START + HOUR), CONTEXT))
        .hasMessageContaining("raw samples");
    // Of what there never was, retention has taken nothing.
    List<Matcher> unknown = List.of(Matcher.equal("__name__", "unknown"));
    TimeRange range = new TimeRange(START, START + HOUR);
    assertThat(engine.select("t", unknown, range, CONTEXT)).isEmpty();
    assertThat(
            engine
                .rollups(
                    new RollupQuery("t", unknown, range, MINUTE, Grouping.bySeries(), false),
                    CONTEXT)
                .rows())
        .isEmpty();
    assertThat(
            engine
                .aggregate(
                    new AggregateQuery("t", unknown, range, Function.AVG, MINUTE, List.of()),
                    CONTEXT)
                .buckets())
        .isEmpty();
  }

  @Test
  void aTenantsShorterRetentionHidesAtOnce() {
    addPlainSeries(Long.MIN_VALUE);
    tenantKeeps.put("raw", NOW - DAY);
    tenantKeeps.put("1h", NOW - 2 * DAY);
    TimeRange all = new TimeRange(START, NOW);
    assertThat(engine.select("t", METRIC, all, CONTEXT).getFirst().times()[0])
        .isGreaterThanOrEqualTo(NOW - DAY);
    assertThat(engine.latest("t", METRIC, NOW - 2 * DAY, CONTEXT)).isEmpty();
    assertThat(engine.metric("t", "m", CONTEXT).orElseThrow().firstSeenMs()).isEqualTo(NOW - DAY);
    assertThat(rows(all, HOUR).getFirst().timeMs()).isEqualTo(Tier.ONE_HOUR.startOf(NOW - 2 * DAY));
    assertThat(rows(all, DAY)).hasSize(4);
    assertThat(engine.sourceFor("t", new TimeRange(START, START + HOUR)))
        .isEqualTo(Source.ONE_MINUTE);
    assertThatThrownBy(() -> rows(new TimeRange(START, START + HOUR), HOUR))
        .hasMessageContaining("windows of 1h");
  }

  @Test
  void aLongRangeOfShortWindowsEndsWithAdvice() {
    start(new QueryOptions(Duration.ofSeconds(10), 1_000_000, 10, 400, 2), true);
    addPlainSeries(NOW - HOUR);
    assertThatThrownBy(() -> rows(new TimeRange(START, NOW), 10 * MINUTE))
        .isInstanceOfSatisfying(
            TidegridException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.QUERY_SAMPLE_LIMIT))
        .hasMessageContaining("more than 100 rows; take windows of 1h");
    assertThat(rows(new TimeRange(START, NOW), HOUR)).isNotEmpty();
  }

  @Test
  void shortRangesAndOddFunctionsAreComputedFromSamples() {
    addPlainSeries(Long.MIN_VALUE);
    assertThat(source(Function.AVG, HOUR, 5 * MINUTE)).isEqualTo(Source.RAW);
    assertThat(source(Function.AVG, HOUR + 1, 10 * MINUTE)).isEqualTo(Source.FIVE_MINUTES);
    assertThat(source(Function.AVG, DAY, HOUR)).isEqualTo(Source.ONE_HOUR);
    assertThat(source(Function.AVG, DAY, 90_000)).isEqualTo(Source.RAW);
    assertThat(source(Function.AVG, DAY, 0)).isEqualTo(Source.ONE_MINUTE);
    assertThat(source(Function.STDDEV, DAY, HOUR)).isEqualTo(Source.RAW);
    assertThat(source(Function.RATE, 3 * DAY, DAY)).isEqualTo(Source.ONE_DAY);
  }

  private Source source(Function function, long lengthMs, long interval) {
    TimeRange range = new TimeRange(NOW - lengthMs, NOW);
    Aggregates found =
        engine.aggregate(
            new AggregateQuery("t", METRIC, range, function, interval, List.of()), CONTEXT);
    assertThat(found.buckets()).isNotEmpty();
    return found.source();
  }
}
