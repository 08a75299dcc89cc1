package io.tidegrid.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import java.time.Duration;
import java.time.InstantSource;
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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the engine with the plainest way to compute each function, on random data. */
class AggregationTest {

  private static final QueryContext CONTEXT = QueryContext.of(Duration.ofSeconds(20));
  private static final List<Matcher> METRIC = List.of(Matcher.equal("__name__", "m"));

  private static HazelcastInstance member;

  private final List<FakeShard> shards = FakeReader.shards(Members.SHARDS);
  private final FakeArchive archive = new FakeArchive();
  private final Map<Labels, NavigableMap<Long, Double>> all = new TreeMap<>();
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
    engine =
        new GridQueryEngine(
            member,
            new FakeReader(shards),
            Optional.of(archive),
            QueryOptions.defaults(),
            new SimpleMeterRegistry(),
            InstantSource.system());
  }

  @AfterEach
  void closeEngine() {
    engine.close();
  }

  private List<Bucket> ask(TimeRange range, Function function, long intervalMs, String... groupBy) {
    return engine
        .aggregate(
            new AggregateQuery("t", METRIC, range, function, intervalMs, List.of(groupBy)), CONTEXT)
        .buckets();
  }

  /** Samples before the given time go to the archive, some of them to memory as well. */
  private void add(
      Labels labels, NavigableMap<Long, Double> samples, long wholeFromMs, Random random) {
    SeriesKey key = SeriesKey.of("t", labels);
    TreeMap<Long, Double> memory = new TreeMap<>();
    samples.forEach((time, value) -> {
      boolean late = random.nextInt(10) == 0;
      if (time >= wholeFromMs || late) {
        memory.put(time, value);
      }
      if (time < wholeFromMs && (!late || random.nextBoolean())) {
        archive.put(key.id(), time, late ? value + 1 : value);
      }
    });
    FakeShard shard = shards.get(key.shard(Members.SHARDS));
    shard.wholeFromMs = Math.max(shard.wholeFromMs, wholeFromMs);
    shard.add(
        "t",
        new FakeSeries(key.id(), labels)
            .samples(
                memory.keySet().stream().mapToLong(t -> t).toArray(),
                memory.values().stream().mapToDouble(v -> v).toArray()));
    all.put(labels, samples);
  }

  private void add(Labels labels, double... valuesEverySecond) {
    TreeMap<Long, Double> samples = new TreeMap<>();
    for (int i = 0; i < valuesEverySecond.length; i++) {
      samples.put(i * 1_000L, valuesEverySecond[i]);
    }
    add(labels, samples, Long.MIN_VALUE, new Random(1));
  }

  private void addRandomSeries(long seed) {
    Random random = new Random(seed);
    for (int s = 0; s < 60; s++) {
      TreeMap<Long, Double> samples = new TreeMap<>();
      double counter = 0;
      for (long time = random.nextInt(20_000);
          time < 1_200_000;
          time += 1 + random.nextInt(20_000)) {
        counter =
            random.nextInt(20) == 0 ? random.nextInt(10) : counter + random.nextInt(1_000) / 10.0;
        boolean gap = random.nextInt(15) == 0;
        samples.put(
            time,
            switch (random.nextInt(25)) {
              case 0 -> Double.NaN;
              case 1 -> Double.longBitsToDouble(0x7ff0000000000002L);
              default -> counter;
            });
        time += gap ? 100_000 : 0;
      }
      Labels.Builder labels = Labels.builder().add("__name__", "m").add("id", "" + s);
      if (s % 4 != 0) {
        labels.add("zone", "z" + s % 3).add("host", "h" + s % 5);
      }
      add(labels.build(), samples, random.nextInt(1_200_000), random);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Function.class, mode = EnumSource.Mode.EXCLUDE, names = "RAW")
  void equalsThePlainComputation(Function function) {
    for (long seed = 1; seed <= 3; seed++) {
      all.clear();
      addRandomSeries(seed + function.name().hashCode() * 10L);
      TimeRange range = new TimeRange(123_456, 1_100_001);
      for (long interval : new long[] {0, 7_000, 60_000, 600_000, 5_000_000}) {
        for (List<String> groupBy :
            List.of(
                List.<String>of(), List.of("zone"), List.of("zone", "host"), List.of("id", "x"))) {
          List<Bucket> expected = plain(range, function, interval, groupBy);
          List<Bucket> actual = ask(range, function, interval, groupBy.toArray(String[]::new));
          assertThat(actual).hasSameSizeAs(expected);
          assertThat(actual).isNotEmpty();
          for (int i = 0; i < actual.size(); i++) {
            Bucket e = expected.get(i);
            Bucket a = actual.get(i);
            assertThat(a.labels()).isEqualTo(e.labels());
            assertThat(a.timeMs()).isEqualTo(e.timeMs());
            assertThat(a.value())
                .as("%s every %d of %s", function, interval, e)
                .isCloseTo(e.value(), within(1e-9 * Math.max(1, Math.abs(e.value()))));
          }
        }
      }
      shards.forEach(FakeShard::clear);
      archive.clear();
    }
  }

  private List<Bucket> plain(
      TimeRange range, Function function, long interval, List<String> groupBy) {
    TreeMap<Labels, TreeMap<Long, List<double[]>>> pooled = new TreeMap<>();
    all.forEach((labels, samples) -> {
      Labels.Builder group = Labels.builder();
      groupBy.forEach(name -> group.add(name, labels.get(name)));
      TreeMap<Long, List<double[]>> windows =
          pooled.computeIfAbsent(group.build(), ignored -> new TreeMap<>());
      List<double[]> kept = new ArrayList<>();
      samples
          .subMap(range.fromMs(), true, range.toMs(), true)
          .forEach((time, value) -> {
            if (!value.isNaN()) {
              kept.add(new double[] {time, value});
            }
          });
      if (function == Function.RATE
          || function == Function.INCREASE
          || function == Function.DELTA) {
        plainDifferences(kept, range, function, interval)
            .forEach((w, v) -> put(windows, w, new double[] {w, v}));
      } else {
        kept.forEach(sample -> put(windows, window(range, interval, (long) sample[0]), sample));
      }
    });
    List<Bucket> buckets = new ArrayList<>();
    pooled.forEach((labels, windows) ->
        windows.forEach((start, samples) ->
            buckets.add(new Bucket(labels, start, plainValue(function, samples)))));
    return buckets;
  }

  private static void put(Map<Long, List<double[]>> windows, long window, double[] sample) {
    windows.computeIfAbsent(window, ignored -> new ArrayList<>()).add(sample);
  }

  private static long window(TimeRange range, long interval, long time) {
    return interval == 0 ? range.fromMs() : time / interval * interval;
  }

  private static Map<Long, Double> plainDifferences(
      List<double[]> samples, TimeRange range, Function function, long interval) {
    TreeMap<Long, Double> increases = new TreeMap<>();
    TreeMap<Long, Double> covered = new TreeMap<>();
    for (int i = 1; i < samples.size(); i++) {
      double[] before = samples.get(i - 1);
      double[] sample = samples.get(i);
      double difference =
          function != Function.DELTA && sample[1] < before[1] ? sample[1] : sample[1] - before[1];
      long window = window(range, interval, (long) sample[0]);
      increases.merge(window, difference, Double::sum);
      covered.merge(window, sample[0] - before[0], Double::sum);
    }
    if (function == Function.RATE) {
      increases.replaceAll((window, increase) -> {
        double length =
            interval == 0
                ? range.toMs() - range.fromMs()
                : Math.min(window + interval, range.toMs()) - Math.max(window, range.fromMs());
        return increase * 1_000 / Math.max(length, covered.get(window));
      });
    }
    return increases;
  }

  private static double plainValue(Function function, List<double[]> samples) {
    double[] values = samples.stream().mapToDouble(s -> s[1]).sorted().toArray();
    double mean = Arrays.stream(values).average().orElseThrow();
    return switch (function) {
      case AVG -> mean;
      case SUM, RATE, INCREASE, DELTA -> Arrays.stream(values).sum();
      case MIN -> values[0];
      case MAX -> values[values.length - 1];
      case COUNT -> values.length;
      case STDDEV ->
          Math.sqrt(
              Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElseThrow());
      case FIRST -> edge(samples, samples.stream().mapToDouble(s -> s[0]).min().orElseThrow());
      case LAST -> edge(samples, samples.stream().mapToDouble(s -> s[0]).max().orElseThrow());
      case P50 -> quantile(values, 0.5);
      case P90 -> quantile(values, 0.9);
      case P95 -> quantile(values, 0.95);
      case P99 -> quantile(values, 0.99);
      case RAW -> throw new AssertionError();
    };
  }

  private static double edge(List<double[]> samples, double time) {
    return samples.stream().filter(s -> s[0] == time).mapToDouble(s -> s[1]).max().orElseThrow();
  }

  private static double quantile(double[] sorted, double q) {
    double rank = q * (sorted.length - 1);
    int low = (int) Math.floor(rank);
    int high = Math.min(sorted.length - 1, low + 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (rank - low);
  }

  @Test
  void increasesOfWindowsAddUpToTheIncreaseOfTheRange() {
    addRandomSeries(99);
    TimeRange range = new TimeRange(100_000, 1_000_000);
    for (Function function : List.of(Function.INCREASE, Function.DELTA)) {
      double whole = ask(range, function, 0).get(0).value();
      double parts = ask(range, function, 13_000).stream().mapToDouble(Bucket::value).sum();
      assertThat(parts).isCloseTo(whole, within(1e-6));
    }
  }

  @Test
  void rateIsPerSecondOverTheRangeWithResetsCorrected() {
    add(Labels.of("__name__", "m"), 0, 10, 20, 5, 15);

    assertThat(ask(new TimeRange(0, 4_000), Function.RATE, 0).get(0).value())
        .isEqualTo((10 + 10 + 5 + 10) / 4.0);
    assertThat(ask(new TimeRange(0, 4_000), Function.DELTA, 0).get(0).value()).isEqualTo(15);
    assertThat(ask(new TimeRange(0, 4_000), Function.INCREASE, 2_000))
        .extracting(Bucket::timeMs, Bucket::value)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(0L, 10.0),
            org.assertj.core.groups.Tuple.tuple(2_000L, 15.0),
            org.assertj.core.groups.Tuple.tuple(4_000L, 10.0));
    assertThat(ask(new TimeRange(0, 4_000), Function.RATE, 2_000))
        .as("the last window is a single instant: its difference counts with its own length")
        .extracting(Bucket::value)
        .containsExactly(5.0, 7.5, 10.0);
  }

  @Test
  void aSingleSampleHasNoRateButAnAverage() {
    add(Labels.of("__name__", "m"), 3);

    assertThat(ask(new TimeRange(0, 4_000), Function.RATE, 0)).isEmpty();
    assertThat(ask(new TimeRange(0, 4_000), Function.AVG, 0))
        .containsExactly(new Bucket(Labels.empty(), 0, 3));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  void windowsWithoutValuesAreNotThere(long interval) {
    add(Labels.of("__name__", "m"), Double.NaN, Double.NaN);

    for (Function function : Function.values()) {
      if (function != Function.RAW) {
        assertThat(ask(new TimeRange(0, 4_000), function, interval)).isEmpty();
      }
    }
  }

  @Test
  void sumsKeepTheLowBits() {
    add(Labels.of("__name__", "m", "id", "1"), 1e100, 1, -1e100);
    add(Labels.of("__name__", "m", "id", "2"), 1e100, 1, -1e100);

    assertThat(ask(new TimeRange(0, 4_000), Function.SUM, 0).get(0).value()).isEqualTo(2);
    add(Labels.of("__name__", "m", "id", "3"), Double.POSITIVE_INFINITY);
    assertThat(ask(new TimeRange(0, 4_000), Function.SUM, 0).get(0).value())
        .isEqualTo(Double.POSITIVE_INFINITY);
  }

  @Test
  void aMinuteIntervalOverAYearCostsWhatIsThere() {
    TreeMap<Long, Double> samples = new TreeMap<>(Map.of(5L, 1.0, 31_536_000_000L, 2.0));
    add(Labels.of("__name__", "m"), samples, Long.MIN_VALUE, new Random(1));

    assertThat(ask(new TimeRange(0, 40_000_000_000L), Function.AVG, 60_000)).hasSize(2);
    assertThat(ask(new TimeRange(0, Long.MAX_VALUE), Function.AVG, Long.MAX_VALUE)).hasSize(1);
    assertThat(ask(new TimeRange(0, Long.MAX_VALUE), Function.RATE, 1)).hasSize(1);
  }
}
