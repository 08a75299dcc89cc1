package io.tidegrid.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.store.ShardMovedException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class QueryEngineTest {

  private static final String TENANT = "default";
  private static final double STALE = Double.longBitsToDouble(0x7ff0000000000002L);
  private static final QueryContext CONTEXT = QueryContext.of(Duration.ofSeconds(10));
  private static final TimeRange ALL = new TimeRange(0, 1_000_000);
  private static final List<Matcher> CPU = List.of(Matcher.equal("__name__", "cpu"));

  private static HazelcastInstance member;

  private final List<FakeShard> shards = FakeReader.shards(Members.SHARDS);
  private final FakeReader reader = new FakeReader(shards);
  private final FakeArchive archive = new FakeArchive();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private Optional<GridQueryEngine> started = Optional.empty();

  @BeforeAll
  static void startMember() {
    member = new Members().start();
  }

  @AfterAll
  static void stopMember() {
    member.getLifecycleService().terminate();
  }

  @AfterEach
  void closeEngine() {
    started.ifPresent(GridQueryEngine::close);
  }

  private GridQueryEngine engine(QueryOptions options, boolean withArchive) {
    closeEngine();
    GridQueryEngine engine =
        new GridQueryEngine(
            member,
            reader,
            withArchive ? Optional.of(archive) : Optional.empty(),
            options,
            meters,
            InstantSource.system());
    started = Optional.of(engine);
    return engine;
  }

  private GridQueryEngine engine() {
    return engine(QueryOptions.defaults(), true);
  }

  private FakeSeries series(Labels labels, long[] times, double... values) {
    return series(TENANT, labels, times, values);
  }

  private FakeSeries series(String tenant, Labels labels, long[] times, double... values) {
    SeriesKey key = SeriesKey.of(tenant, labels);
    return shards
        .get(key.shard(Members.SHARDS))
        .add(tenant, new FakeSeries(key.id(), labels).samples(times, values));
  }

  private static Labels cpu(String host) {
    return Labels.of("__name__", "cpu", "host", host);
  }

  private static long[] times(long... times) {
    return times;
  }

  private void wholeFrom(long ms) {
    shards.forEach(shard -> shard.wholeFromMs = ms);
  }

  private static void assertSamples(SeriesSamples series, long[] times, double... values) {
    assertThat(series.times()).containsExactly(times);
    assertThat(series.values()).containsExactly(values);
  }

  private static void assertFails(ErrorCode code, ThrowingCallable call) {
    TidegridException error = catchThrowableOfType(TidegridException.class, call);
    assertThat(error).isNotNull();
    assertThat(error.code()).as(error.getMessage()).isEqualTo(code);
  }

  @Test
  void selectsMatchingSeriesOfTheTenantSortedByLabels() {
    series(cpu("b"), times(10, 20, 30), 1, 2, 3);
    series(cpu("a"), times(20), 7);
    series(cpu("quiet"), times(2_000_000), 7);
    series(Labels.of("__name__", "mem"), times(20), 8);
    series("other", cpu("c"), times(20), 9);

    List<SeriesSamples> found = engine().select(TENANT, CPU, new TimeRange(20, 30), CONTEXT);

    assertThat(found).extracting(SeriesSamples::labels).containsExactly(cpu("a"), cpu("b"));
    assertSamples(found.get(1), times(20, 30), 2, 3);
    assertThat(archive.asked).as("memory is whole").isEmpty();
  }

  @Test
  void mergesMemoryAndArchiveByTimeAndMemoryWins() {
    FakeSeries a = series(cpu("a"), times(15, 100, 110), 1.5, 10, 11);
    FakeSeries b = series(cpu("b"), times(100), 20);
    series(cpu("c"), times(100), 30);
    wholeFrom(100);
    archive.put(a.id(), 5, 0.5);
    archive.put(a.id(), 15, -1);
    archive.put(a.id(), 20, 2);
    archive.put(a.id(), 100, -1);
    archive.put(b.id(), 50, 19);

    List<SeriesSamples> found = engine().select(TENANT, CPU, new TimeRange(10, 105), CONTEXT);

    assertThat(found).hasSize(3);
    assertSamples(found.get(0), times(15, 20, 100), 1.5, 2, 10);
    assertSamples(found.get(1), times(50, 100), 19, 20);
    assertSamples(found.get(2), times(100), 30);
    assertThat(archive.asked).containsExactly(new FakeArchive.Asked(3, 10, 99));
  }

  @Test
  void asksEachShardsArchiveOnlyForWhatItsMemoryLacks() {
    FakeSeries a = series(cpu("a"), times(100), 1);
    FakeSeries b = series(cpu("b"), times(100), 2);
    shards.get(SeriesKey.of(TENANT, cpu("a")).shard(Members.SHARDS)).wholeFromMs = 50;
    shards.get(SeriesKey.of(TENANT, cpu("b")).shard(Members.SHARDS)).wholeFromMs = 80;
    archive.put(a.id(), 40, 0);
    archive.put(a.id(), 60, -1);
    archive.put(b.id(), 60, 0);

    List<SeriesSamples> found = engine().select(TENANT, CPU, ALL, CONTEXT);

    assertSamples(found.get(0), times(40, 100), 0, 1);
    assertSamples(found.get(1), times(60, 100), 0, 2);
    archive.asked.clear();
    engine().select(TENANT, CPU, new TimeRange(80, 200), CONTEXT);
    assertThat(archive.asked).isEmpty();
  }

  @Test
  void readsManySeriesFromTheArchiveInBatches() {
    for (int i = 0; i < 2_500; i++) {
      archive.put(series(cpu("h" + i), times(100), i).id(), 10, -i);
    }
    wholeFrom(50);

    List<SeriesSamples> found = engine().select(TENANT, CPU, ALL, CONTEXT);

    assertThat(found).hasSize(2_500).allMatch(series -> series.size() == 2);
    assertThat(archive.asked).extracting(FakeArchive.Asked::ids).containsExactly(1000, 1000, 500);
  }

  @Test
  void samplesThatLeaveMemoryDuringTheReadingComeFromTheArchive() {
    FakeSeries a = series(cpu("a"), times(10, 100), 1, 2);
    archive.put(a.id(), 10, 1);
    int shard = SeriesKey.of(TENANT, cpu("a")).shard(Members.SHARDS);
    reader.before =
        reading -> {
          if (reading == shard) {
            a.samples(times(100), new double[] {2});
            shards.get(shard).wholeFromMs = 50;
          }
        };

    assertSamples(engine().select(TENANT, CPU, ALL, CONTEXT).get(0), times(10, 100), 1, 2);
  }

  @Test
  void withoutAnArchiveMemoryIsAll() {
    series(cpu("a"), times(100), 1);
    wholeFrom(1_000);

    List<SeriesSamples> found =
        engine(QueryOptions.defaults(), false).select(TENANT, CPU, ALL, CONTEXT);

    assertSamples(found.get(0), times(100), 1);
  }

  @Test
  void staleMarkersAreNoValues() {
    series(cpu("a"), times(10, 20, 30), 1, STALE, 3);
    series(cpu("ended"), times(10), STALE);

    List<SeriesSamples> found = engine().select(TENANT, CPU, ALL, CONTEXT);
    List<SeriesSamples> raw = engine().selectWithStaleMarkers(TENANT, CPU, ALL, CONTEXT);

    assertThat(found).hasSize(1);
    assertSamples(found.get(0), times(10, 30), 1, 3);
    assertThat(raw).hasSize(2);
    assertThat(Double.doubleToRawLongBits(raw.get(0).values()[1])).isEqualTo(0x7ff0000000000002L);
    assertThat(count()).isEqualTo(2);
  }

  private double count() {
    return engine()
        .aggregate(new AggregateQuery(TENANT, CPU, ALL, Function.COUNT, 0, List.of()), CONTEXT)
        .buckets()
        .get(0)
        .value();
  }

  @Test
  void aMovedShardIsAskedAgainAndCountedOnce() {
    IntStream.range(0, 500).forEach(i -> series(cpu("h" + i), times(10), 1));
    Set<Integer> movedBefore = ConcurrentHashMap.newKeySet();
    Set<Integer> movedAfter = ConcurrentHashMap.newKeySet();
    AtomicInteger readings = new AtomicInteger();
    reader.before =
        shard -> {
          readings.incrementAndGet();
          if (shard % 3 == 0 && movedBefore.add(shard)) {
            throw new ShardMovedException(shard);
          }
        };
    reader.after =
        shard -> {
          if (shard % 5 == 0 && movedAfter.add(shard)) {
            throw new ShardMovedException(shard);
          }
        };

    assertThat(count()).isEqualTo(500);
    assertThat(readings.get()).isLessThan(3 * Members.SHARDS);
    assertThat(engine().select(TENANT, CPU, ALL, CONTEXT)).hasSize(500);
    assertThat(meters.get("query.samples.read").counter().count())
        .as("void readings are given back")
        .isEqualTo(1_000);
  }

  @Test
  void aShardThatNobodyOwnsEndsInATimeout() {
    reader.owned = shard -> shard != 5;

    assertFails(
        ErrorCode.QUERY_TIMEOUT,
        () -> engine().select(TENANT, CPU, ALL, QueryContext.of(Duration.ofMillis(150))));
  }

  @Test
  void waitsBrieflyForDirectoriesThenIsNotReady() {
    series(cpu("a"), times(10), 1);
    int shard = SeriesKey.of(TENANT, cpu("a")).shard(Members.SHARDS);
    shards.get(shard).directoryWhole = false;
    AtomicInteger asked = new AtomicInteger();
    reader.before =
        reading -> {
          if (reading == shard && asked.incrementAndGet() == 4) {
            shards.get(shard).directoryWhole = true;
          }
        };

    assertThat(engine().select(TENANT, CPU, ALL, CONTEXT)).hasSize(1);
    assertThat(asked).hasValue(4);

    shards.get(shard).directoryWhole = false;
    long start = System.nanoTime();
    assertFails(ErrorCode.NOT_READY, () -> engine().exists(TENANT, CPU, CONTEXT));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
  }

  @Test
  void theTimeoutEndsAReadingOfManySeries() {
    IntStream.range(0, 2_000).forEach(i -> series(cpu("h" + i), times(10), 1));
    CountDownLatch never = new CountDownLatch(1);
    reader.after =
        shard -> {
          try {
            never.await(20, TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };

    assertFails(
        ErrorCode.QUERY_TIMEOUT,
        () -> engine().select(TENANT, CPU, ALL, QueryContext.of(Duration.ofMillis(100))));
    assertThat(meters.get("query.limit.refused").tag("limit", "milliseconds").counter().count())
        .isEqualTo(1);
  }

  @Test
  void endsWhenTheClientGoesAway() {
    IntStream.range(0, 500).forEach(i -> series(cpu("h" + i), times(10), 1));
    AtomicBoolean gone = new AtomicBoolean();
    AtomicInteger readings = new AtomicInteger();
    reader.after =
        shard -> {
          if (readings.incrementAndGet() == 3) {
            gone.set(true);
          }
        };

    assertFails(
        ErrorCode.CANCELLED,
        () ->
            engine().select(TENANT, CPU, ALL, new QueryContext(Duration.ofSeconds(10), gone::get)));
    assertThat(readings.get()).isLessThan(10);
  }

  @Test
  void refusesMoreSamplesSeriesAndValuesThanAllowed() {
    long[] times = IntStream.range(0, 100).mapToLong(i -> i * 1_000L).toArray();
    for (int i = 0; i < 20; i++) {
      FakeSeries series = series(cpu("h" + i), times, new double[100]);
      archive.put(series.id(), 5, 1);
    }
    Duration second = Duration.ofSeconds(10);
    QueryOptions fits = new QueryOptions(second, 2_000, 20, 100, 2);

    assertThat(engine(fits, true).select(TENANT, CPU, ALL, CONTEXT)).hasSize(20);
    assertFails(
        ErrorCode.QUERY_SAMPLE_LIMIT,
        () ->
            engine(new QueryOptions(second, 1_999, 20, 100, 2), true)
                .select(TENANT, CPU, ALL, CONTEXT));
    assertFails(
        ErrorCode.SERIES_LIMIT,
        () ->
            engine(new QueryOptions(second, 2_000, 19, 100, 2), true)
                .select(TENANT, CPU, ALL, CONTEXT));
    AggregateQuery hundred = new AggregateQuery(TENANT, CPU, ALL, Function.AVG, 1_000, List.of());
    assertThat(engine(fits, true).aggregate(hundred, CONTEXT).buckets()).hasSize(100);
    assertFails(
        ErrorCode.QUERY_SAMPLE_LIMIT,
        () -> engine(new QueryOptions(second, 2_000, 20, 99, 2), true).aggregate(hundred, CONTEXT));
    wholeFrom(6);
    assertFails(
        ErrorCode.QUERY_SAMPLE_LIMIT, () -> engine(fits, true).select(TENANT, CPU, ALL, CONTEXT));
    assertThat(meters.get("query.limit.refused").tag("limit", "buckets").counter().count())
        .isEqualTo(1);
    assertThat(meters.get("query.limit.refused").tag("limit", "samples").counter().count())
        .isEqualTo(2);
  }

  @Test
  void anErrorOfTheArchiveIsTheAnswersError() {
    series(cpu("a"), times(100), 1);
    wholeFrom(50);
    archive.before =
        () -> {
          throw new TidegridException(ErrorCode.STORAGE_AWAY, "away");
        };

    assertFails(ErrorCode.STORAGE_AWAY, () -> engine().select(TENANT, CPU, ALL, CONTEXT));
    assertThat(engine().select(TENANT, CPU, new TimeRange(50, 200), CONTEXT)).hasSize(1);
  }

  @Test
  void anErrorInThePoolIsTheAnswersError() {
    IntStream.range(0, 500).forEach(i -> series(cpu("h" + i), times(10), 1));
    CountDownLatch never = new CountDownLatch(1);
    reader.before =
        shard -> {
          try {
            never.await(2, TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          if (shard == 40) {
            throw new IllegalStateException("broken shard");
          }
        };

    assertThatThrownBy(() -> engine().select(TENANT, CPU, ALL, CONTEXT)).hasMessage("broken shard");
  }

  @Test
  void latestIsTheNewestOfMemoryAndArchive() {
    series(cpu("memory"), times(100, 200, 300), 1, 2, 3);
    FakeSeries old = series(cpu("old"), times());
    FakeSeries late = series(cpu("late"), times(10), 1);
    series(cpu("none"), times(400), 1);
    archive.put(old.id(), 40, 4);
    archive.put(old.id(), 30, 3);
    archive.put(late.id(), 10, -1);
    archive.put(late.id(), 20, 2);
    wholeFrom(100);

    List<SeriesSamples> found = engine().latest(TENANT, CPU, 250, CONTEXT);

    assertThat(found)
        .extracting(SeriesSamples::labels)
        .containsExactly(cpu("old"), cpu("late"), cpu("memory"));
    assertSamples(found.get(0), times(40), 4);
    assertSamples(found.get(1), times(20), 2);
    assertSamples(found.get(2), times(200), 2);
  }

  @Test
  void latestLooksBehindStaleMarkers() {
    long day = 86_400_000;
    series(cpu("memory"), times(day, 2 * day), 1, STALE);
    series(cpu("never"), times(2 * day), STALE);
    FakeSeries ended = series(cpu("ended"), times());
    FakeSeries kept = series(cpu("kept"), times(day), 5);
    FakeSeries dead = series(cpu("dead"), times());
    shards.get(SeriesKey.of(TENANT, ended.labels()).shard(Members.SHARDS)).wholeFromMs = 3 * day;
    shards.get(SeriesKey.of(TENANT, kept.labels()).shard(Members.SHARDS)).wholeFromMs = 3 * day;
    shards.get(SeriesKey.of(TENANT, dead.labels()).shard(Members.SHARDS)).wholeFromMs = 3 * day;
    archive.put(ended.id(), day, 7);
    archive.put(ended.id(), 2 * day, STALE);
    archive.put(kept.id(), 2 * day, STALE);
    archive.put(dead.id(), 2 * day + 1, STALE);

    List<SeriesSamples> found = engine().latest(TENANT, CPU, 4 * day, CONTEXT);

    assertThat(found)
        .extracting(series -> series.labels().get("host") + "=" + series.values()[0])
        .containsExactlyInAnyOrder("ended=7.0", "kept=5.0", "memory=1.0");
  }

  @Test
  void tellsWhichMetricsSeriesAndValuesThereAre() {
    series(cpu("a"), times(10, 90), 1, 2);
    series(cpu("b"), times(), new double[0]);
    series(Labels.of("__name__", "Cpu_Idle"), times(50), 1);
    series(Labels.of("__name__", "mem", "host", "z"), times(50), 1);
    series("other", cpu("secret"), times(50), 1);

    assertThat(engine().metrics(TENANT, "CPU", CONTEXT))
        .containsExactly(new MetricSummary("Cpu_Idle", 1, 50), new MetricSummary("cpu", 2, 90));
    assertThat(engine().metrics(TENANT, "", CONTEXT)).hasSize(3);
    assertThat(engine().metrics("nobody", "", CONTEXT)).isEmpty();
    assertThat(engine().labelValues(TENANT, "host", List.of(), CONTEXT))
        .containsExactly("a", "b", "z");
    assertThat(engine().labelValues(TENANT, "host", CPU, CONTEXT)).containsExactly("a", "b");
    assertThat(engine().exists(TENANT, CPU, CONTEXT)).isTrue();
    assertThat(engine().exists("other", List.of(Matcher.equal("host", "a")), CONTEXT)).isFalse();
  }

  @Test
  void metricDetailsCountMemoryAndArchiveOnce() {
    FakeSeries a = series(cpu("a"), times(20, 100, 110), 1, 2, 3);
    FakeSeries b = series(cpu("b"), times(100), 1);
    wholeFrom(100);
    archive.put(a.id(), 10, 1);
    archive.put(a.id(), 20, 1);
    archive.put(a.id(), 100, 1);
    archive.put(b.id(), 30, 1);

    MetricDetails details = engine().metric(TENANT, "cpu", CONTEXT).orElseThrow();

    assertThat(details.series()).isEqualTo(2);
    assertThat(details.samples()).isEqualTo(6);
    assertThat(details.firstSeenMs()).isEqualTo(10);
    assertThat(details.lastSeenMs()).isEqualTo(110);
    assertThat(details.labels()).containsOnlyKeys("host").containsEntry("host", List.of("a", "b"));
    assertThat(engine().metric(TENANT, "nope", CONTEXT)).isEmpty();
    IntStream.range(0, 1_500).forEach(i -> series(cpu("x" + i), times(1), 1));
    assertThat(engine().metric(TENANT, "cpu", CONTEXT).orElseThrow().labels().get("host"))
        .hasSize(1_000)
        .isSorted();
  }

  @Test
  void refusesQuestionsThatMakeNoSense() {
    assertFails(
        ErrorCode.INVALID_RANGE, () -> engine().select(TENANT, CPU, new TimeRange(2, 1), CONTEXT));
    assertFails(
        ErrorCode.INVALID_VALUE,
        () ->
            engine()
                .aggregate(
                    new AggregateQuery(TENANT, CPU, ALL, Function.RAW, 0, List.of()), CONTEXT));
    assertFails(
        ErrorCode.INVALID_VALUE,
        () ->
            engine()
                .aggregate(
                    new AggregateQuery(TENANT, CPU, ALL, Function.AVG, -1, List.of()), CONTEXT));
  }

  @Test
  void measuresQueries() {
    series(cpu("a"), times(10, 20), 1, 2);

    engine().select(TENANT, CPU, ALL, CONTEXT);

    assertThat(meters.get("query.operation.duration").tag("operation", "select").timer().count())
        .isEqualTo(1);
    assertThat(
            meters
                .get("query.operations")
                .tag("operation", "select")
                .tag("outcome", "ok")
                .counter()
                .count())
        .isEqualTo(1);
    assertThat(meters.get("query.samples.read").counter().count()).isEqualTo(2);
    assertThat(meters.get("query.limit.max").tag("limit", "series").gauge().value())
        .isEqualTo(1_000_000);
    assertThat(meters.get("query.running").gauge().value()).isZero();
  }

  /** The tenth percentile, because other work on the machine is no fault of the engine's. */
  @Test
  void aSmallQueryOverAllShardsIsFast() {
    long[] times = IntStream.range(0, 8_640).mapToLong(i -> i * 10_000L).toArray();
    for (int i = 0; i < 1_000; i++) {
      Labels labels = Labels.of("__name__", "m" + i % 10, "host", "h" + i);
      series(labels, times, new double[times.length]);
    }
    Labels one = Labels.of("__name__", "m7", "host", "h537");
    List<Matcher> matchers =
        List.of(Matcher.equal("__name__", "m7"), Matcher.equal("host", "h537"));
    TimeRange hour = new TimeRange(0, 3_590_000);
    GridQueryEngine engine = engine();
    long[] nanos = new long[2_000];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      List<SeriesSamples> found = engine.select(TENANT, matchers, hour, CONTEXT);
      nanos[i] = System.nanoTime() - start;
      assertThat(found.get(0).labels()).isEqualTo(one);
      assertThat(found.get(0).size()).isEqualTo(360);
    }
    long[] warmed = Arrays.copyOfRange(nanos, nanos.length / 2, nanos.length);
    Arrays.sort(warmed);
    System.getLogger(QueryEngineTest.class.getName())
        .log(
            System.Logger.Level.INFO,
            "one series, 360 samples, 64 shards, 1,000 series: p10 {0} us, p50 {1} us, p99 {2} us",
            warmed[warmed.length / 10] / 1_000,
            warmed[warmed.length / 2] / 1_000,
            warmed[warmed.length * 99 / 100] / 1_000);
    assertThat(warmed[warmed.length / 10]).isLessThan(500_000);
  }
}
