package io.tidegrid.store;

import static io.tidegrid.store.TestShards.append;
import static io.tidegrid.store.TestShards.batch;
import static io.tidegrid.store.TestShards.ownerOf;
import static io.tidegrid.store.TestShards.restored;
import static io.tidegrid.store.TestShards.series;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.store.BlockReader.BlockContent;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Blocks are read as they are, whatever happens to them meanwhile. */
class BlockReaderTest {

  private static final int SHARDS = 4;
  private static final long BLOCK = BlockSpan.LENGTH_MS;
  private static final long START = BlockSpan.startOf(1_790_000_000_000L);

  private final AtomicLong now = new AtomicLong(START);
  private final TestGrid grid =
      new TestGrid(TestGrid.withDatabase(SHARDS), () -> Instant.ofEpochMilli(now.get()));
  private final SeriesKey one = series(0, SHARDS, 0);
  private final SeriesKey two = series(0, SHARDS, 1);
  private final SeriesKey other = ofOtherTenant();

  private static SeriesKey ofOtherTenant() {
    return IntStream.range(0, 1_000)
        .mapToObj(i -> SeriesKey.of("b", Labels.of("__name__", "n", "i", Integer.toString(i))))
        .filter(key -> key.shard(SHARDS) == 0)
        .findFirst()
        .orElseThrow();
  }

  @AfterEach
  void close() {
    grid.close();
  }

  private TestGrid.Node start() {
    TestGrid.Node only = grid.start();
    restored(SHARDS, START - 24 * BLOCK, only);
    return only;
  }

  private static BlockContent find(TestGrid.Node owner, long start) {
    return owner.store().blockReader().find(0, start).orElseThrow();
  }

  private static Map<Long, Map<Long, Double>> content(BlockContent block) {
    Map<Long, Map<Long, Double>> content = new TreeMap<>();
    block.forEach((id, samples) -> {
      Map<Long, Double> ofSeries = new TreeMap<>();
      for (int i = 0; i < samples.size(); i++) {
        assertThat(i == 0 || samples.times()[i] > samples.times()[i - 1]).isTrue();
        ofSeries.put(samples.times()[i], samples.values()[i]);
      }
      assertThat(content.put(id, ofSeries)).isNull();
    });
    return content;
  }

  private void letPass(Callable<Boolean> until) {
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(50))
        .until(() -> {
          now.addAndGet(10_000);
          return until.call();
        });
  }

  private static long[] times(long from, int count) {
    return LongStream.range(0, count).map(i -> from + i * 10_000).toArray();
  }

  private static Map<Long, Double> samples(long... times) {
    Map<Long, Double> samples = new TreeMap<>();
    LongStream.of(times).forEach(time -> samples.put(time, (double) time));
    return samples;
  }

  @Test
  void openSealedAndMixedBlocksAreReadAlike() {
    TestGrid.Node only = start();
    append(only, 0, batch(one, false, times(START, 720)));
    append(only, 0, batch(other, false, times(START + 5, 300)));
    long sequence = append(only, 0, batch(two, false, START + BLOCK));
    Map<Long, Map<Long, Double>> expected = new TreeMap<>();
    expected.put(one.id(), samples(times(START, 720)));
    expected.put(other.id(), samples(times(START + 5, 300)));
    BlockContent open = find(only, START);
    assertThat(content(open)).isEqualTo(expected);
    assertThat(open.isWhole()).isTrue();
    assertThat(open.throughSequence()).isEqualTo(sequence);
    assertThat(open.seriesIds()).containsExactlyInAnyOrder(one.id(), two.id(), other.id());

    now.addAndGet(BLOCK + 900_000);
    letPass(() -> only.store().wholeBlocks().find(0, START).isPresent());
    BlockContent sealed = find(only, START);
    assertThat(content(sealed)).isEqualTo(expected);
    assertThat(sealed.isWhole()).isTrue();
    assertThat(content(open)).as("read again after it was sealed").isEqualTo(expected);

    long late =
        append(only, 0, batch(two, false, new long[] {START + 7, START + 3}, new double[] {7, 3}));
    append(only, 0, batch(one, false, new long[] {START, START + 1}, new double[] {-1, -2}));
    expected.put(two.id(), new TreeMap<>(Map.of(START + 7, 7.0, START + 3, 3.0)));
    expected.get(one.id()).putAll(Map.of(START, -1.0, START + 1, -2.0));
    BlockContent mixed = find(only, START);
    assertThat(content(mixed)).isEqualTo(expected);
    assertThat(mixed.isWhole()).isTrue();
    assertThat(mixed.throughSequence()).isGreaterThan(late);

    BlockContent empty = find(only, START - 2 * BLOCK);
    assertThat(content(empty)).isEmpty();
    assertThat(empty.isWhole()).isTrue();
    assertThat(empty.seriesIds()).hasSize(3);
    assertThat(find(only, START - 25 * BLOCK).isWhole()).isFalse();
  }

  @Test
  void whatWasEvictedIsNotWholeNorAreLateSamplesForIt() {
    TestGrid.Node only = start();
    append(only, 0, batch(one, false, times(START, 100)));
    append(only, 0, batch(one, false, START + BLOCK));
    now.addAndGet(BLOCK + 900_000);
    letPass(() -> only.store().wholeBlocks().find(0, START).isPresent());
    BlockContent before = find(only, START);
    only.store().evictCommittedBy((shard, sequence) -> true);
    now.set(START + BLOCK + Duration.ofDays(3).toMillis());
    letPass(() -> content(find(only, START)).isEmpty());
    assertThat(find(only, START).isWhole()).isFalse();
    assertThat(content(before)).as("found before it went").containsKey(one.id());
    append(only, 0, batch(two, false, START + 9));
    BlockContent late = find(only, START);
    assertThat(content(late)).isEqualTo(Map.of(two.id(), samples(START + 9)));
    assertThat(late.isWhole()).isFalse();
    assertThat(late.seriesIds()).hasSize(2);
    assertThat(find(only, START + BLOCK).isWhole()).isTrue();
    // One that memory does not keep at all.
    append(only, 0, batch(two, true, START + 4 * BLOCK + 9));
    assertThat(find(only, START + 4 * BLOCK).isWhole()).isFalse();
    assertThat(content(find(only, START + 4 * BLOCK))).isEmpty();
    assertThat(find(only, START + BLOCK).isWhole()).isFalse();
    assertThat(find(only, START + 5 * BLOCK).isWhole()).isTrue();
  }

  /** The time from which samples are old cuts through a block that is still in memory. */
  @Test
  void oldSamplesOfABlockThatIsInMemoryAreTakenIn() {
    TestGrid.Node only = start();
    append(only, 0, batch(one, false, START, START + 10));
    append(only, 0, batch(one, true, new long[] {START + 5, START + 10}, new double[] {5, -10}));
    long last = append(only, 0, batch(one, true, START - BLOCK));
    BlockContent block = find(only, START);
    assertThat(content(block).get(one.id()))
        .isEqualTo(Map.of(START, (double) START, START + 5, 5.0, START + 10, -10.0));
    assertThat(block.isWhole()).isTrue();
    assertThat(find(only, START - BLOCK).isWhole()).isFalse();
    assertThat(content(find(only, START - BLOCK))).isEmpty();
    RollupDirt dirt = only.store().rollupMarks().dirt(0);
    assertThat(dirt.blocks()).isEqualTo(Map.of(START, last - 1, START - BLOCK, last));
  }

  @Test
  void aShardThatDoesNotKnowItsSeriesIsNotRead() {
    TestGrid.Node only = grid.start();
    TestShards.awaitOwners(SHARDS, only);
    append(only, 0, batch(one, false, START));
    assertThat(only.store().blockReader().find(0, START)).isEmpty();
    only.store().directoryRestored(0);
    assertThat(find(only, START).isWhole()).isFalse();
    assertThat(content(find(only, START))).containsOnlyKeys(one.id());
    only.store().restoredFrom(0, START);
    assertThat(find(only, START).isWhole()).isTrue();
  }

  @Test
  void whatWasNumberedBeforeIsThereWhileBlocksAreWrittenSealedAndMoved() {
    TestGrid.Node first = grid.start();
    TestGrid.Node second = grid.start();
    restored(SHARDS, START - 24 * BLOCK, first, second);
    grid.awaitSafe();
    ConcurrentSkipListMap<Long, Long> timeBySequence = new ConcurrentSkipListMap<>();
    AtomicBoolean done = new AtomicBoolean();
    AtomicLong reads = new AtomicLong();
    TestGrid.Node[] nodes = {first, second, null};
    CompletableFuture<Void> reading =
        CompletableFuture.runAsync(() -> {
          while (!done.get()) {
            for (TestGrid.Node node : nodes.clone()) {
              Optional<BlockContent> found =
                  node == null ? Optional.empty() : node.store().blockReader().find(0, START);
              if (found.isPresent()) {
                // What was acknowledged by now may be after it, and is of no concern.
                Map<Long, Long> before =
                    new TreeMap<>(timeBySequence.headMap(found.get().throughSequence(), true));
                Map<Long, Map<Long, Double>> content = content(found.get());
                if (!before.isEmpty()) {
                  assertThat(content.get(one.id()).keySet()).containsAll(before.values());
                }
                assertThat(found.get().isWhole()).isTrue();
                reads.incrementAndGet();
              }
            }
          }
        });
    now.set(START + BLOCK + 1_000_000);
    for (int i = 0; i < 4_000; i++) {
      // Up, and late ones in between.
      long time = START + (i % 3 == 0 ? 3_600_000L - i : 3_600_000L + i);
      timeBySequence.put(append(nodes[i % 2], 0, batch(one, false, time)), time);
      now.addAndGet(i % 500 == 0 ? 60_000 : 10);
      if (i == 1_000) {
        nodes[2] = grid.start();
      }
      if (i == 3_000) {
        nodes[2].hazelcast().shutdown();
      }
    }
    done.set(true);
    reading.join();
    assertThat(reads.get()).isGreaterThan(10);
    TestGrid.Node owner = ownerOf(0, first, second);
    assertThat(content(find(owner, START)).get(one.id()).keySet())
        .containsExactlyInAnyOrderElementsOf(timeBySequence.values());
  }
}
