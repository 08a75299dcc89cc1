package io.tidegrid.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.Partition;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two real members, each of which reads only the shards whose partitions it owns. */
class ClusterQueryTest {

  private static final QueryContext CONTEXT = QueryContext.of(Duration.ofSeconds(20));
  private static final TimeRange ALL = new TimeRange(0, 1_000_000);
  private static final List<Matcher> CPU =
      List.of(Matcher.equal("__name__", "cpu"), Matcher.of(Matcher.Type.REGEX, "host", "h.*"));
  private static final int SERIES = 500;

  /** Both members' replicas of the shards, as backups would hold them. */
  private final List<FakeShard> shards = FakeReader.shards(Members.SHARDS);

  private final FakeArchive archive = new FakeArchive();
  private final FakeReader firstReader = new FakeReader(shards);
  private final FakeReader secondReader = new FakeReader(shards);
  private final List<GridQueryEngine> engines = new ArrayList<>();
  private final Members members = new Members();
  private HazelcastInstance first;
  private HazelcastInstance second;
  private GridQueryEngine engine;

  @BeforeEach
  void startMembers() {
    first = members.start();
    second = members.start(first);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() ->
            first.getCluster().getMembers().size() == 2
                && first.getPartitionService().isClusterSafe()
                && owned(first) == Members.SHARDS / 2
                && owned(second) == Members.SHARDS / 2);
    firstReader.owned = shard -> owns(first, shard);
    secondReader.owned = shard -> owns(second, shard);
    engine = engine(first, firstReader);
    engine(second, secondReader);
    for (int i = 0; i < SERIES; i++) {
      Labels labels = Labels.of("__name__", "cpu", "host", "h" + i, "zone", "z" + i % 2);
      SeriesKey key = SeriesKey.of("t", labels);
      shards
          .get(key.shard(Members.SHARDS))
          .add(
              "t",
              new FakeSeries(key.id(), labels)
                  .samples(new long[] {100, 200, 300}, new double[] {i, i + 0.5, i + 1}));
    }
  }

  private GridQueryEngine engine(HazelcastInstance member, FakeReader reader) {
    GridQueryEngine created =
        new GridQueryEngine(
            member,
            reader,
            Optional.of(archive),
            QueryOptions.defaults(),
            new SimpleMeterRegistry(),
            InstantSource.system());
    engines.add(created);
    return created;
  }

  @AfterEach
  void stopMembers() {
    engines.forEach(GridQueryEngine::close);
    second.getLifecycleService().terminate();
    first.getLifecycleService().terminate();
  }

  private static boolean owns(HazelcastInstance member, int shard) {
    return member.getPartitionService().getPartitions().stream()
        .filter(partition -> partition.getPartitionId() == shard)
        .map(Partition::getOwner)
        .anyMatch(owner -> owner != null && owner.localMember());
  }

  private static long owned(HazelcastInstance member) {
    return member.getPartitionService().getPartitions().stream()
        .filter(partition -> partition.getOwner() != null && partition.getOwner().localMember())
        .count();
  }

  private AggregateQuery aggregate(Function function, String... groupBy) {
    return new AggregateQuery("t", CPU, ALL, function, 200, List.of(groupBy));
  }

  @Test
  void everyQuestionReachesBothMembers() {
    List<SeriesSamples> found = engine.select("t", CPU, new TimeRange(150, 1_000), CONTEXT);
    assertThat(found)
        .hasSize(SERIES)
        .isSortedAccordingTo(java.util.Comparator.comparing(SeriesSamples::labels));
    for (SeriesSamples series : found) {
      int i = Integer.parseInt(series.labels().get("host").substring(1));
      assertThat(series.times()).containsExactly(200, 300);
      assertThat(series.values()).containsExactly(i + 0.5, i + 1);
    }
    assertThat(engine.latest("t", CPU, 250, CONTEXT))
        .hasSize(SERIES)
        .allMatch(series -> series.times()[0] == 200);
    assertThat(engine.exists("t", CPU, CONTEXT)).isTrue();
    assertThat(engine.exists("u", CPU, CONTEXT)).isFalse();
    assertThat(engine.metrics("t", "cp", CONTEXT))
        .containsExactly(new MetricSummary("cpu", SERIES, 300));
    MetricDetails details = engine.metric("t", "cpu", CONTEXT).orElseThrow();
    assertThat(details.series()).isEqualTo(SERIES);
    assertThat(details.samples()).isEqualTo(3 * SERIES);
    assertThat(details.labels().get("host")).hasSize(SERIES);
    assertThat(details.labels().get("zone")).containsExactly("z0", "z1");
    assertThat(engine.labelValues("t", "zone", CPU, CONTEXT)).containsExactly("z0", "z1");
  }

  @Test
  void everyFunctionIsTheSameAsOnOneMember() {
    List<List<Bucket>> overTwo = new ArrayList<>();
    for (Function function : Function.values()) {
      if (function != Function.RAW) {
        overTwo.add(engine.aggregate(aggregate(function, "zone"), CONTEXT).buckets());
      }
    }
    stopSecond();
    List<List<Bucket>> overOne = new ArrayList<>();
    for (Function function : Function.values()) {
      if (function != Function.RAW) {
        overOne.add(engine.aggregate(aggregate(function, "zone"), CONTEXT).buckets());
      }
    }
    assertThat(overTwo).allMatch(buckets -> buckets.size() == 2 || buckets.size() == 4);
    assertThat(overTwo.toString().replaceAll("(\\d\\.\\d{6})\\d+", "$1"))
        .isEqualTo(overOne.toString().replaceAll("(\\d\\.\\d{6})\\d+", "$1"));
  }

  @Test
  void windowsAreTheSameAsOnOneMember() {
    List<RollupResult> overTwo = windowsOfEveryGrouping();
    List<Bucket> ratesOverTwo = engine.aggregate(longRate(), CONTEXT).buckets();
    stopSecond();
    assertThat(overTwo.getFirst().rows()).hasSize(SERIES);
    assertThat(overTwo.getLast().rows()).hasSize(1);
    assertThat(overTwo.toString().replaceAll("(\\d\\.\\d{6})\\d+", "$1"))
        .isEqualTo(windowsOfEveryGrouping().toString().replaceAll("(\\d\\.\\d{6})\\d+", "$1"));
    assertThat(ratesOverTwo).hasSize(2).isEqualTo(engine.aggregate(longRate(), CONTEXT).buckets());
  }

  private static AggregateQuery longRate() {
    TimeRange day = new TimeRange(0, 86_400_000);
    return new AggregateQuery("t", CPU, day, Function.INCREASE, 60_000, List.of("zone"));
  }

  private List<RollupResult> windowsOfEveryGrouping() {
    return List.of(
            Grouping.bySeries(), Grouping.by(List.of("zone", "none")), Grouping.by(List.of()))
        .stream()
        .map(grouping ->
            engine.rollups(new RollupQuery("t", CPU, ALL, 3_600_000, grouping, true), CONTEXT))
        .toList();
  }

  private void stopSecond() {
    second.getLifecycleService().terminate();
    await().atMost(Duration.ofSeconds(20)).until(() -> owned(first) == Members.SHARDS);
  }

  @Test
  void theOwnerAsksTheArchive() {
    shards.forEach(shard -> shard.wholeFromMs = 100);
    SeriesKey key = SeriesKey.of("t", Labels.of("__name__", "cpu", "host", "h7", "zone", "z1"));
    archive.put(key.id(), 50, -7);

    List<SeriesSamples> found = engine.select("t", CPU, ALL, CONTEXT);

    assertThat(found).hasSize(SERIES);
    assertThat(found.stream().mapToLong(SeriesSamples::size).sum()).isEqualTo(3 * SERIES + 1);
    assertThat(archive.asked).as("one statement of each member").hasSize(2);
  }

  @Test
  void aLeavingMembersShardsAreAskedAtTheirNewOwner() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    secondReader.after =
        shard -> {
          reading.countDown();
          try {
            never.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<List<SeriesSamples>> answer =
          executor.submit(() -> engine.select("t", CPU, ALL, CONTEXT));
      assertThat(reading.await(10, TimeUnit.SECONDS)).isTrue();
      second.getLifecycleService().terminate();
      List<SeriesSamples> found = answer.get(30, TimeUnit.SECONDS);
      assertThat(found).hasSize(SERIES).allMatch(series -> series.size() == 3);
    } finally {
      never.countDown();
    }
  }

  @Test
  void shardsMoveToAJoiningMemberUnderQueries() {
    HazelcastInstance third = joinThird();
    try {
      await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> {
            assertThat(engine.select("t", CPU, ALL, CONTEXT)).hasSize(SERIES);
            assertThat(
                    engine.aggregate(aggregate(Function.COUNT), CONTEXT).buckets().stream()
                        .mapToDouble(Bucket::value)
                        .sum())
                .isEqualTo(3 * SERIES);
            return owned(third) > Members.SHARDS / 4 && first.getPartitionService().isClusterSafe();
          });
    } finally {
      third.getLifecycleService().terminate();
    }
  }

  private HazelcastInstance joinThird() {
    HazelcastInstance third = members.start(first, second);
    FakeReader reader = new FakeReader(shards);
    reader.owned = shard -> owns(third, shard);
    engine(third, reader);
    return third;
  }

  @Test
  void anErrorOnTheOtherMemberIsTheAnswersError() {
    secondReader.before =
        shard -> {
          throw TidegridException.retryable(
              ErrorCode.STORAGE_AWAY, "the database is away", Duration.ofSeconds(3));
        };

    assertThatThrownBy(() -> engine.select("t", CPU, ALL, CONTEXT))
        .isInstanceOfSatisfying(
            TidegridException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY);
              assertThat(e).hasMessage("the database is away");
              assertThat(e.retryAfter()).contains(Duration.ofSeconds(3));
            });
  }

  @Test
  void limitsAndCancellationReachTheOtherMember() {
    AtomicBoolean interrupted = new AtomicBoolean();
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch reading = new CountDownLatch(1);
    secondReader.after =
        shard -> {
          reading.countDown();
          try {
            never.await();
          } catch (InterruptedException e) {
            interrupted.set(true);
            Thread.currentThread().interrupt();
          }
        };

    assertThatThrownBy(() ->
            engine.select(
                "t",
                CPU,
                ALL,
                new QueryContext(Duration.ofSeconds(20), () -> reading.getCount() == 0)))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
    await().atMost(Duration.ofSeconds(10)).untilTrue(interrupted);

    secondReader.after = shard -> {};
    GridQueryEngine limited =
        new GridQueryEngine(
            first,
            firstReader,
            Optional.empty(),
            new QueryOptions(Duration.ofSeconds(10), 3 * SERIES - 1, SERIES, 2),
            new SimpleMeterRegistry(),
            InstantSource.system());
    engines.add(limited);
    assertThatThrownBy(() -> limited.select("t", CPU, ALL, CONTEXT))
        .isInstanceOfSatisfying(
            TidegridException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.QUERY_SAMPLE_LIMIT));
  }

  @Test
  void aMemberWithoutAnEngineIsWaitedFor() throws Exception {
    engines.get(1).close();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<List<SeriesSamples>> answer =
          executor.submit(() -> engine.select("t", CPU, ALL, CONTEXT));
      await().pollDelay(Duration.ofMillis(100)).until(() -> !answer.isDone());
      engine(second, secondReader);
      assertThat(answer.get(10, TimeUnit.SECONDS)).hasSize(SERIES);
    }
  }
}
