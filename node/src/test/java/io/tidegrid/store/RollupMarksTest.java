package io.tidegrid.store;

import static io.tidegrid.store.TestShards.append;
import static io.tidegrid.store.TestShards.batch;
import static io.tidegrid.store.TestShards.copy;
import static io.tidegrid.store.TestShards.ownerOf;
import static io.tidegrid.store.TestShards.restored;
import static io.tidegrid.store.TestShards.series;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegrid.model.SeriesKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is written is dirty on all copies, until just that is rolled up. */
class RollupMarksTest {

  private static final int SHARDS = 4;
  private static final long BLOCK = BlockSpan.LENGTH_MS;
  private static final long DAY = 86_400_000;
  private static final long START = Math.floorDiv(1_790_000_000_000L, DAY) * DAY;
  private static final long LATER = Long.MAX_VALUE;

  private final SeriesKey one = series(0, SHARDS, 0);
  private TestGrid grid = new TestGrid(TestGrid.withDatabase(SHARDS), () -> at(START + DAY));

  private static Instant at(long ms) {
    return Instant.ofEpochMilli(ms);
  }

  @AfterEach
  void close() {
    grid.close();
  }

  private static RollupDirt shown(TestGrid.Node owner) {
    return owner.store().reader().read(0, ShardView::dirt);
  }

  private static RollupDirt exact(TestGrid.Node owner) {
    return owner.store().rollupMarks().dirt(0);
  }

  private TestGrid.Node[] two() {
    TestGrid.Node[] nodes = {grid.start(), grid.start()};
    restored(SHARDS, START - 30 * DAY, nodes);
    grid.awaitSafe();
    return nodes;
  }

  private static TestGrid.Node other(TestGrid.Node one, TestGrid.Node... nodes) {
    return nodes[0].equals(one) ? nodes[1] : nodes[0];
  }

  @Test
  void everyBlockOfABatchIsDirtyWithItsSequenceOnOwnerAndBackup() {
    TestGrid.Node[] nodes = two();
    TestGrid.Node owner = ownerOf(0, nodes);
    assertThat(exact(owner)).isEqualTo(RollupDirt.NONE);
    long first = append(nodes[0], 0, batch(one, false, START, START + 1, START + 3 * BLOCK - 1));
    assertThat(exact(owner).blocks()).isEqualTo(Map.of(START, first, START + 2 * BLOCK, first));
    // To and fro, and the same sample again.
    long second =
        append(
            nodes[1],
            0,
            batch(one, false, START + BLOCK, START + 5, START + BLOCK + 1, START, START + 6));
    Map<Long, Long> expected =
        Map.of(START, second, START + BLOCK, second, START + 2 * BLOCK, first);
    assertThat(exact(owner).blocks()).isEqualTo(expected);
    assertThat(shown(owner).blocks().keySet()).isEqualTo(expected.keySet());
    assertThat(exact(owner).days()).isEmpty();
    assertThat(copy(other(owner, nodes), 0).exactDirt()).isEqualTo(exact(owner));
  }

  @Test
  void whatMemoryDoesNotKeepIsDirtyToo() {
    TestGrid.Node[] nodes = two();
    TestGrid.Node owner = ownerOf(0, nodes);
    long old = START - 100 * DAY;
    long sequence =
        append(nodes[0], 0, batch(one, true, old, old + 1, old + BLOCK, old + 2, old - 1));
    assertThat(exact(owner).blocks())
        .isEqualTo(Map.of(old - BLOCK, sequence, old, sequence, old + BLOCK, sequence));
    assertThat(shown(owner).isDirty(old + BLOCK)).isTrue();
    assertThat(copy(other(owner, nodes), 0).exactDirt()).isEqualTo(exact(owner));
  }

  @Test
  void aBlockIsCleanOnceAllOfItIsRolledUpAndThenItsDay() {
    TestGrid.Node[] nodes = two();
    TestGrid.Node owner = ownerOf(0, nodes);
    RollupMarks marks = nodes[0].store().rollupMarks();
    long first = append(nodes[0], 0, batch(one, false, START));
    long second = append(nodes[0], 0, batch(one, false, START + 1, START + BLOCK));
    marks.blockRolled(0, START, first);
    assertThat(exact(owner).blocks()).containsOnlyKeys(START, START + BLOCK);
    assertThat(exact(owner).days()).isEqualTo(Map.of(START, first));
    assertThat(exact(owner).daysToRoll()).as("blocks of it are dirty").isEmpty();
    marks.blockRolled(0, START, second);
    assertThat(shown(owner).isDirty(START)).isFalse();
    assertThat(shown(owner).isDirty(START + BLOCK)).isTrue();
    marks.blockRolled(0, START + BLOCK, second + 5);
    assertThat(shown(owner).blocks()).isEmpty();
    assertThat(exact(owner).daysToRoll()).isEqualTo(Map.of(START, second + 5));
    marks.dayRolled(0, START, second);
    assertThat(shown(owner).isDayDirty(START)).isTrue();
    assertThat(copy(other(owner, nodes), 0).exactDirt()).isEqualTo(exact(owner));
    marks.dayRolled(0, START, second + 5);
    assertThat(shown(owner)).isEqualTo(RollupDirt.NONE);
    assertThat(copy(other(owner, nodes), 0).exactDirt()).isEqualTo(RollupDirt.NONE);
    // Late samples make both dirty anew.
    long third = append(nodes[1], 0, batch(one, false, START + 2));
    assertThat(exact(owner).blocks()).isEqualTo(Map.of(START, third));
    assertThat(shown(owner).isDayDirty(START)).isTrue();
  }

  @Test
  void theStampOfADayIsAnotherOnceABlockOfItGotCleanAndOnAnotherCopy() {
    TestGrid.Node[] nodes = two();
    TestGrid.Node owner = ownerOf(0, nodes);
    RollupMarks marks = nodes[0].store().rollupMarks();
    RollStamps fresh = shown(owner).stamps();
    assertThat(fresh.copy()).isNotZero();
    long first = append(nodes[0], 0, batch(one, false, START, START + DAY));
    assertThat(shown(owner).stamps()).isEqualTo(fresh);
    marks.blockRolled(0, START, first);
    RollStamps rolled = shown(owner).stamps();
    assertThat(rolled.copy()).isEqualTo(fresh.copy());
    assertThat(rolled.of(START)).isGreaterThan(fresh.of(START));
    assertThat(rolled.of(START + DAY)).isEqualTo(fresh.of(START + DAY));
    assertThat(copy(other(owner, nodes), 0).exactDirt().stamps().copy()).isNotIn(fresh.copy(), 0L);
  }

  @Test
  void sequencesOfLaterEpochsCountAsLater() {
    DirtMarks marks = new DirtMarks();
    // An epoch after 2038.
    long late = 0x9000_0000L << 32 | 1;
    marks.mark(START, late);
    marks.mark(START, 0x7000_0000L << 32 | 9);
    marks.blockRolled(START, 0x7fff_ffffL << 32);
    assertThat(marks.exact().blocks()).isEqualTo(Map.of(START, late));
    marks.blockRolled(START, late);
    assertThat(marks.exact().blocks()).isEmpty();
  }

  @Test
  void marksMoveWithTheShardAndSurviveItsOwner() {
    TestGrid.Node[] nodes = two();
    for (int day = 0; day < 40; day++) {
      long ignored = append(nodes[0], 0, batch(one, day % 3 == 0, START - day * DAY));
    }
    RollupMarks marks = nodes[0].store().rollupMarks();
    marks.blockRolled(0, START - 7 * DAY, LATER);
    RollupDirt expected = exact(ownerOf(0, nodes));
    assertThat(expected.blocks()).hasSize(39);
    TestGrid.Node owner = ownerOf(0, nodes);
    TestGrid.Node third = grid.start();
    grid.awaitSafe();
    owner.hazelcast().shutdown();
    TestGrid.Node next = ownerOf(0, other(owner, nodes), third);
    assertThat(exact(next)).isEqualTo(expected);
    assertThat(shown(next).blocks().keySet()).isEqualTo(expected.blocks().keySet());
    grid.awaitSafe();
    long sequence = append(third, 0, batch(one, false, START + BLOCK));
    next.hazelcast().getLifecycleService().terminate();
    TestGrid.Node last = next.equals(third) ? other(owner, nodes) : third;
    await().atMost(Duration.ofSeconds(30)).until(() -> last.equals(ownerOf(0, last)));
    Map<Long, Long> blocks = new TreeMap<>(expected.blocks());
    blocks.put(START + BLOCK, sequence);
    assertThat(exact(last).blocks()).isEqualTo(blocks);
    assertThat(exact(last).days()).isEqualTo(expected.days());
  }

  @Test
  void aShardThatLostItsStateSaysNothingUntilTheDatabasesMarksAreBack() {
    TestGrid.Node only = grid.start();
    TestShards.awaitOwners(SHARDS, only);
    long sequence = append(only, 0, batch(one, false, START, START + BLOCK));
    assertThatThrownBy(() -> exact(only)).isInstanceOf(ShardMovedException.class);
    only.store()
        .restoreDirt(
            0,
            new RollupDirt(
                new TreeMap<>(Map.of(START, 5L, START - DAY, 6L)),
                new TreeMap<>(Map.of(START - 2 * DAY, 7L))));
    assertThatThrownBy(() -> exact(only)).isInstanceOf(ShardMovedException.class);
    only.store().directoryRestored(0);
    assertThat(exact(only).blocks())
        .isEqualTo(Map.of(START, sequence, START + BLOCK, sequence, START - DAY, 6L));
    assertThat(exact(only).days()).isEqualTo(Map.of(START - 2 * DAY, 7L));
    assertThat(shown(only)).isEqualTo(exact(only));
    only.store().rollupMarks().blockRolled(0, START - DAY, 6);
    assertThat(exact(only).days()).isEqualTo(Map.of(START - 2 * DAY, 7L, START - DAY, 6L));
  }

  @Test
  void withoutADatabaseNothingIsDirty() {
    grid = new TestGrid(TestGrid.memoryOnly(SHARDS), () -> at(START + DAY));
    TestGrid.Node first = grid.start();
    TestGrid.Node second = grid.start();
    grid.awaitSafe();
    long sequence = append(first, 0, batch(one, false, START));
    first.store().rollupMarks().blockRolled(0, START, sequence);
    assertThat(exact(ownerOf(0, first, second))).isEqualTo(RollupDirt.NONE);
    assertThat(shown(ownerOf(0, first, second))).isEqualTo(RollupDirt.NONE);
    TestGrid.Node third = grid.start();
    grid.awaitSafe();
    long ignored = append(third, 0, batch(one, false, START + 1));
    assertThat(exact(ownerOf(0, first, second, third))).isEqualTo(RollupDirt.NONE);
  }

  /** Whoever reads the samples of a mark and then clears up to it leaves later ones marked. */
  @Test
  void rollingWhileOthersWriteNeverLosesAMark() {
    TestGrid.Node[] nodes = two();
    TestGrid.Node owner = ownerOf(0, nodes);
    RollupMarks marks = owner.store().rollupMarks();
    AtomicBoolean done = new AtomicBoolean();
    AtomicLong rolled = new AtomicLong();
    AtomicLong written = new AtomicLong();
    CompletableFuture<Void> roller =
        CompletableFuture.runAsync(() -> {
          long known = 0;
          while (!done.get() || !exact(owner).blocks().isEmpty()) {
            long acknowledged = written.get();
            assertThat(shown(owner).isDirty(START) || known >= acknowledged).isTrue();
            RollupDirt before = exact(owner);
            if (before.isDirty(START)) {
              known = samples(owner);
              marks.blockRolled(0, START, before.blocks().get(START));
              rolled.incrementAndGet();
            } else {
              assertThat(known).isGreaterThanOrEqualTo(acknowledged);
            }
          }
          assertThat(known).isEqualTo(samples(owner));
        });
    for (int i = 0; i < 3_000; i++) {
      long sequence = append(nodes[i % 2], 0, batch(one, false, START + i));
      assertThat(sequence).isPositive();
      written.set(i + 1);
    }
    done.set(true);
    roller.join();
    assertThat(rolled.get()).isPositive();
    assertThat(copy(other(owner, nodes), 0).exactDirt()).isEqualTo(exact(owner));
  }

  private static long samples(TestGrid.Node owner) {
    return copy(owner, 0).blocks().length == 0 ? 0 : count(owner);
  }

  private static long count(TestGrid.Node owner) {
    SampleBuffer found = new SampleBuffer();
    owner
        .store()
        .reader()
        .read(
            0,
            view -> {
              found.clear();
              view.select(
                  "a", List.of(), series -> series.copy(Long.MIN_VALUE, Long.MAX_VALUE, found));
              return found;
            });
    return found.size();
  }

  /** Years of history: a new block costs the same however many are dirty. */
  @Test
  void manyDirtyBlocksAreCheapToMark() {
    DirtMarks marks = new DirtMarks();
    long before = System.nanoTime();
    LongStream.range(0, 200_000).forEach(i -> marks.mark(START - i * BLOCK, i));
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(2));
    RollupDirt shown = marks.snapshot();
    assertThat(shown.blocks()).hasSize(200_000);
    marks.mark(START, 300_000);
    assertThat(marks.snapshot()).as("the same set").isSameAs(shown);
    assertThat(marks.exact().blocks().get(START)).isEqualTo(300_000);
    marks.mark(START + BLOCK, 1);
    assertThat(marks.snapshot().isDirty(START + BLOCK)).isTrue();
  }
}
