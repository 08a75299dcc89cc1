package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegrid.grid.Birth;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Members seal and forget by themselves; what is acknowledged stays readable. */
class MemoryKeeperTest {

  private static final int SHARDS = 4;
  private static final long START = BlockSpan.startOf(1_790_000_000_000L);
  private static final long BLOCK = BlockSpan.LENGTH_MS;
  private static final List<Matcher> ALL = List.of(Matcher.equal("__name__", "m"));

  private final AtomicLong now = new AtomicLong(START);
  private final TreeMap<String, TreeMap<Long, Double>> expected = new TreeMap<>();
  private final Random random = new Random(5);
  private TestGrid grid = new TestGrid(options(false, 0), () -> Instant.ofEpochMilli(now.get()));

  private static StoreOptions options(boolean database, long maxMemory) {
    return new StoreOptions(
        SHARDS, 1, Duration.ofDays(3), Duration.ofMinutes(10), database, maxMemory);
  }

  private void grid(boolean database, long maxMemory) {
    grid = new TestGrid(options(database, maxMemory), () -> Instant.ofEpochMilli(now.get()));
  }

  @AfterEach
  void close() {
    grid.close();
  }

  /** Writes samples of one series to its shard, until that is acknowledged. */
  private AppendOutcome write(TestGrid.Node node, int series, long[] times, double[] values) {
    Labels labels = Labels.of("__name__", "m", "i", Integer.toString(series));
    SeriesKey key = SeriesKey.of("a", labels);
    long[] ids = new long[times.length];
    java.util.Arrays.fill(ids, key.id());
    ShardBatch batch =
        new ShardBatch(
            0,
            false,
            times.length,
            ids,
            times,
            values,
            new int[times.length],
            List.of(new Birth(key.id(), "a", labels)));
    AppendOutcome outcome = append(node, key.shard(SHARDS), batch);
    TreeMap<Long, Double> samples =
        expected.computeIfAbsent(labels.toString(), l -> new TreeMap<>());
    for (int i = 0; i < times.length; i++) {
      samples.put(times[i], values[i]);
    }
    return outcome;
  }

  private static AppendOutcome append(TestGrid.Node node, int shard, ShardBatch batch) {
    for (int attempt = 0; ; attempt++) {
      try {
        AppendOutcome outcome = node.store().append(shard, batch).toCompletableFuture().join();
        assertThat(outcome.status()).isEqualTo(AppendOutcome.Status.APPENDED);
        return outcome;
      } catch (java.util.concurrent.CompletionException e) {
        // A member left; it is not known who has it, so it is sent again.
        if (attempt == 20) {
          throw e;
        }
      }
    }
  }

  private void writeAll(TestGrid.Node node, long from, long to, long stepMs) {
    List<Long> times = new ArrayList<>();
    for (long time = from; time < to; time += stepMs) {
      times.add(time);
    }
    for (int series = 0; series < 24; series++) {
      AppendOutcome ignored =
          write(
              node,
              series,
              times.stream().mapToLong(t -> t).toArray(),
              times.stream().mapToDouble(t -> random.nextInt(10_000) / 100.0).toArray());
    }
  }

  private Map<String, NavigableMap<Long, Double>> content(TestGrid.Node... nodes) {
    Map<String, NavigableMap<Long, Double>> content = new TreeMap<>();
    for (int shard = 0; shard < SHARDS; shard++) {
      int number = shard;
      for (TestGrid.Node node : nodes) {
        try {
          content.putAll(node.store().reader().read(number, MemoryKeeperTest::contentOf));
        } catch (ShardMovedException e) {
          // Another has it.
        }
      }
    }
    return content;
  }

  private static Map<String, NavigableMap<Long, Double>> contentOf(ShardView view) {
    Map<String, NavigableMap<Long, Double>> content = new TreeMap<>();
    view.select(
        "a",
        ALL,
        series -> {
          SampleBuffer buffer = new SampleBuffer();
          series.copy(Long.MIN_VALUE, Long.MAX_VALUE, buffer);
          TreeMap<Long, Double> samples = new TreeMap<>();
          for (int i = 0; i < buffer.size(); i++) {
            samples.put(buffer.times()[i], buffer.values()[i]);
          }
          content.put(series.labels().toString(), samples);
        });
    return content;
  }

  private static ShardSize replicas(TestGrid.Node node) {
    return new LocalReplicas(node.hazelcast(), ShardKeys.of(node.hazelcast())).size();
  }

  /** Lets the members' clock run until something is so. */
  private void letPass(java.util.concurrent.Callable<Boolean> until) {
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(50))
        .until(() -> {
          now.addAndGet(10_000);
          return until.call();
        });
  }

  private void letAllSeal(TestGrid.Node... nodes) {
    now.addAndGet(BLOCK + 900_000);
    letPass(() -> {
      boolean done = true;
      for (TestGrid.Node node : nodes) {
        ShardSize size = replicas(node);
        done &= size.openBlocks == 0 && size.sealedSamples == size.samples;
      }
      return done;
    });
  }

  @Test
  void ownersAndBackupsSealAndWhoeverIsPromotedHasEverything() {
    TestGrid.Node first = grid.start();
    TestGrid.Node second = grid.start();
    grid.awaitSafe();
    writeAll(first, START, START + BLOCK, 20_000);
    assertThat(replicas(second).openBlocks).isPositive();
    letAllSeal(first, second);
    long samples = expected.values().stream().mapToLong(TreeMap::size).sum();
    assertThat(replicas(first).samples).isEqualTo(samples);
    assertThat(replicas(second).samples).isEqualTo(samples);
    assertThat(replicas(first).sealedSamples).isEqualTo(samples);
    assertThat(content(first, second)).isEqualTo(expected);

    // Late ones: new, the same, and another value; sealed again in a while.
    long late = START + 5_000;
    TreeMap<Long, Double> zero = expected.firstEntry().getValue();
    int series = 0;
    assertThat(write(second, series, new long[] {late}, new double[] {5}).overlapping()).isFalse();
    assertThat(write(second, series, new long[] {late}, new double[] {6}).overlapping()).isTrue();
    assertThat(write(first, 3, new long[] {START}, new double[] {-1}).overlapping()).isTrue();
    assertThat(zero).isNotEmpty();
    assertThat(content(first, second)).isEqualTo(expected);
    letAllSeal(first, second);
    assertThat(content(first, second)).isEqualTo(expected);
    assertThat(replicas(second).sealedSamples).isEqualTo(samples + 1);

    first.hazelcast().getLifecycleService().terminate();
    await().atMost(Duration.ofSeconds(30)).until(() -> content(second).equals(expected));
    assertThat(write(second, 7, new long[] {START}, new double[] {-2}).overlapping()).isTrue();
    letAllSeal(second);
    assertThat(content(second)).isEqualTo(expected);
  }

  @Test
  void sealedBlocksMoveAndSealingGoesOnMeanwhile() {
    TestGrid.Node first = grid.start();
    writeAll(first, START, START + 3 * BLOCK, 60_000);
    now.set(START + 2 * BLOCK);
    letPass(() -> replicas(first).sealedBlocks > 0);
    TestGrid.Node second = grid.start();
    writeAll(first, START + 30_000, START + BLOCK, 240_000);
    TestGrid.Node third = grid.start();
    writeAll(second, START + 3 * BLOCK, START + 4 * BLOCK, 60_000);
    grid.awaitSafe();
    now.set(START + 4 * BLOCK);
    letAllSeal(first, second, third);
    assertThat(content(first, second, third)).isEqualTo(expected);
    second.hazelcast().shutdown();
    await().atMost(Duration.ofSeconds(30)).until(() -> content(first, third).equals(expected));
  }

  @Test
  void blocksLeaveByRetentionOnlyWhenCommitted() {
    grid(true, 0);
    TestGrid.Node first = grid.start();
    TestGrid.Node second = grid.start();
    List<TestGrid.Node> both = List.of(first, second);
    restored(first, second);
    grid.awaitSafe();
    writeAll(first, START, START + 2 * BLOCK, 120_000);
    long samples = expected.values().stream().mapToLong(TreeMap::size).sum();
    now.set(START + 2 * BLOCK);
    letAllSeal(first, second);
    AtomicLong committed = new AtomicLong();
    both.forEach(
        node -> node.store().evictCommittedBy((shard, sequence) -> committed.get() >= sequence));
    now.set(START + BLOCK + Duration.ofDays(3).toMillis());
    stays(() -> assertThat(replicas(second).samples).isEqualTo(samples));
    committed.set(Long.MAX_VALUE);
    letPass(
        () -> replicas(first).samples == samples / 2 && replicas(second).samples == samples / 2);
    for (TestGrid.Node node : both) {
      for (int shard : owned(node)) {
        assertThat((long) node.store().reader().read(shard, ShardView::wholeFromMs))
            .isEqualTo(START + BLOCK);
        assertThat(node.store().wholeBlocks().find(shard, START)).isEmpty();
        assertThat(node.store().wholeBlocks().find(shard, START + BLOCK)).isPresent();
      }
    }
    expected.values().forEach(series -> series.headMap(START + BLOCK).clear());
    assertThat(content(first, second)).isEqualTo(expected);
  }

  @Test
  void theOldestLeaveWhileMemoryIsScarceAndLateOnesToThemAreNeverWhole() {
    grid(true, 60_000);
    TestGrid.Node only = grid.start();
    restored(only);
    AtomicLong committed = new AtomicLong();
    only.store().evictCommittedBy((shard, sequence) -> committed.get() >= sequence);
    now.set(START + 20 * BLOCK);
    for (int block = 0; block < 20; block++) {
      writeAll(only, START + block * BLOCK, START + (block + 1) * BLOCK, 60_000);
    }
    letAllSeal(only);
    long all = replicas(only).bytes;
    assertThat(all).isGreaterThan(60_000);
    stays(() -> assertThat(replicas(only).bytes).isEqualTo(all));
    committed.set(Long.MAX_VALUE);
    letPass(() -> replicas(only).bytes <= 60_000);
    assertThat(replicas(only).bytes).isGreaterThan(30_000);
    for (int shard : owned(only)) {
      assertThat((long) only.store().reader().read(shard, ShardView::wholeFromMs))
          .isGreaterThan(START)
          .isLessThan(START + 20 * BLOCK);
      assertThat(only.store().wholeBlocks().find(shard, START + 19 * BLOCK)).isPresent();
    }

    // A late one to what left: kept until it is committed, and never taken for all there is.
    committed.set(0);
    int shard = SeriesKey.of("a", Labels.of("__name__", "m", "i", "1")).shard(SHARDS);
    long wholeFrom = only.store().reader().read(shard, ShardView::wholeFromMs);
    assertThat(write(only, 1, new long[] {START + 1}, new double[] {1}).overlapping()).isTrue();
    assertThat(content(only).get(labels(1)).firstKey()).isEqualTo(START + 1);
    now.addAndGet(120_000);
    letPass(() -> replicas(only).sealedSamples == replicas(only).samples);
    assertThat(only.store().wholeBlocks().find(shard, START)).isEmpty();
    assertThat((long) only.store().reader().read(shard, ShardView::wholeFromMs))
        .isEqualTo(wholeFrom);
    committed.set(Long.MAX_VALUE);
    now.set(START + 100 * BLOCK);
    letPass(() -> content(only).get(labels(1)).headMap(START + 1, true).isEmpty());
  }

  /** A cold start: partial until it is over, then whole from where it began. */
  @Test
  void whatAColdStartFillsIsSealedAndWholeFromThere() {
    grid(true, 0);
    TestGrid.Node only = grid.start();
    long first = START - 4 * BLOCK;
    Labels labels = Labels.of("__name__", "m", "i", "1");
    SeriesKey key = SeriesKey.of("a", labels);
    int shard = key.shard(SHARDS);
    only.store().evictCommittedBy((s, sequence) -> true);
    awaitOwners(only);
    assertThat(only.store().shardsToRestore()).contains(shard);
    only.store().restoreSeries(shard, List.of(new Birth(key.id(), "a", labels)));
    only.store().directoryRestored(shard);
    assertThat(write(only, 1, new long[] {START - BLOCK}, new double[] {7}).overlapping()).isTrue();
    for (long block = START - BLOCK; block >= first; block -= BLOCK) {
      long[] ids = new long[100];
      long[] times = new long[100];
      double[] values = new double[100];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = key.id();
        times[i] = block + i * 60_000L;
        values[i] = i;
        expected.get(labels.toString()).putIfAbsent(times[i], values[i]);
      }
      only.store().restoreSamples(shard, ids, times, values, ids.length);
      // The restored half is sealed before it comes once more.
      letPass(() -> replicas(only).openBlocks == 0);
      assertThat(only.store().wholeBlocks().find(shard, block)).isEmpty();
      only.store().restoreSamples(shard, ids, times, values, ids.length);
    }
    assertThat(content(only)).isEqualTo(expected);
    only.store().restoredFrom(shard, first + BLOCK);
    Optional<WholeBlocks.WholeBlock> whole = only.store().wholeBlocks().find(shard, START - BLOCK);
    assertThat(whole).isPresent();
    TreeMap<Long, Double> found = new TreeMap<>();
    whole
        .get()
        .forEach((id, samples) -> {
          assertThat(id).isEqualTo(key.id());
          for (int i = 0; i < samples.size(); i++) {
            found.put(samples.times()[i], samples.values()[i]);
          }
        });
    assertThat(found).isEqualTo(expected.get(labels.toString()).tailMap(START - BLOCK));
    assertThat(only.store().wholeBlocks().find(shard, first)).as("before it").isEmpty();

    // Old data within what memory keeps is imported to blocks that are whole, and they stay so.
    now.addAndGet(60_000);
    assertThat(write(only, 1, new long[] {START - BLOCK + 1}, new double[] {1}).overlapping())
        .isFalse();
    assertThat(only.store().wholeBlocks().find(shard, START - BLOCK)).isEmpty();
    letPass(() -> only.store().wholeBlocks().find(shard, START - BLOCK).isPresent());
  }

  /** A shard whose copies are all lost begins anew and holds nothing whole. */
  @Test
  void aLostShardIsPartialUntilItIsReloaded() {
    grid =
        new TestGrid(
            new StoreOptions(SHARDS, 0, Duration.ofDays(3), Duration.ofMinutes(10), true, 0),
            () -> Instant.ofEpochMilli(now.get()));
    TestGrid.Node first = grid.start();
    TestGrid.Node second = grid.start();
    restored(first, second);
    grid.awaitSafe();
    writeAll(first, START, START + BLOCK, 60_000);
    letAllSeal(first, second);
    List<Integer> lost = owned(second);
    lost.forEach(shard -> assertThat(second.store().wholeBlocks().find(shard, START)).isPresent());
    second.hazelcast().getLifecycleService().terminate();
    await().atMost(Duration.ofSeconds(30)).until(() -> owned(first).size() == SHARDS);
    for (int shard : lost) {
      assertThat(first.store().wholeBlocks().find(shard, START)).isEmpty();
      assertThat((long) first.store().reader().read(shard, ShardView::wholeFromMs))
          .isGreaterThan(now.get());
    }
    assertThat(first.store().shardsToRestore()).containsExactlyInAnyOrderElementsOf(lost);
  }

  /** Says of all shards that the database has nothing of them, as a first start does. */
  private static void restored(TestGrid.Node... nodes) {
    awaitOwners(nodes);
    for (TestGrid.Node node : nodes) {
      for (int shard : owned(node)) {
        node.store().directoryRestored(shard);
        node.store().restoredFrom(shard, START);
      }
    }
  }

  private static void awaitOwners(TestGrid.Node... nodes) {
    // Partitions have no owners before something is asked of one.
    assertThat(nodes[0].hazelcast().getMap("any").size()).isZero();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> List.of(nodes).stream().mapToInt(node -> owned(node).size()).sum() == SHARDS);
  }

  private static List<Integer> owned(TestGrid.Node node) {
    List<Integer> owned = new ArrayList<>();
    for (int shard = 0; shard < SHARDS; shard++) {
      try {
        owned.add(node.store().reader().read(shard, ShardView::shard));
      } catch (ShardMovedException e) {
        // Another's.
      }
    }
    return owned;
  }

  private static String labels(int series) {
    return Labels.of("__name__", "m", "i", Integer.toString(series)).toString();
  }

  private void stays(org.awaitility.core.ThrowingRunnable condition) {
    await()
        .during(Duration.ofSeconds(1))
        .atMost(Duration.ofSeconds(3))
        .untilAsserted(() -> {
          now.addAndGet(1_000);
          condition.run();
        });
  }
}
