package io.tidegrid.rollup;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.grid.RollupBlock;
import io.tidegrid.tier.Tier;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** When spans are due. */
class SpanScheduleTest {

  private static final long DAY = Tier.ONE_DAY.windowMs();
  private static final long BLOCK = SpanSchedule.BLOCK_MS;
  private static final long START = 20_000 * DAY;
  private static final long SECOND = 1_000;

  private final RollupOptions options = RollupOptions.DEFAULT;
  private final ManualClock clock = new ManualClock(Instant.ofEpochMilli(START));
  private final List<DirtySpan> dirty = new ArrayList<>();
  private final RollupPorts ports =
      new RollupPorts(new NoSource(), new NoSink(), clock, options, RollupListener.SILENT);
  private final SpanSchedule schedule = new SpanSchedule(options, 1);
  private boolean open = true;

  @Test
  void aBlockIsDueAGraceAfterItsEnd() {
    dirty.add(block(0, START, 1));
    assertThat(lookAt(START + 10)).isEmpty();
    assertThat(lookAt(START + BLOCK + 29_999)).isEmpty();
    assertThat(lookAt(START + BLOCK + 30_000)).containsExactly(block(0, START, 1));
  }

  @Test
  void writesRightBeforeTheMomentDoNotPutItOff() {
    long sequence = 0;
    for (long now = START; now < START + BLOCK + 30_000; now += 10 * SECOND) {
      dirty.clear();
      dirty.add(block(0, START, ++sequence));
      assertThat(lookAt(now)).isEmpty();
    }
    assertThat(lookAt(START + BLOCK + 30_000)).hasSize(1);
  }

  @Test
  void shardsTakeTurnsOverAMinute() {
    IntStream.range(0, 64).forEach(shard -> dirty.add(block(shard, START, 1)));
    int least = 64;
    int most = 0;
    int all = 0;
    assertThat(lookAt(START)).isEmpty();
    for (int second = 0; second < 60; second += 10) {
      List<DirtySpan> due = new ArrayList<>();
      for (int step = 0; step < 10; step++) {
        due.addAll(lookAt(START + BLOCK + 30_000 + (second + step) * SECOND));
        commit(due);
      }
      least = Math.min(least, due.size());
      most = Math.max(most, due.size());
      all += due.size();
    }
    assertThat(all).isGreaterThanOrEqualTo(62);
    assertThat(least).isGreaterThanOrEqualTo(9);
    assertThat(most).isLessThanOrEqualTo(12);
  }

  @Test
  void aBlockOfHistoryIsDueWhenItIsQuiet() {
    dirty.add(block(0, START - 10 * DAY, 1));
    assertThat(lookAt(START)).isEmpty();
    assertThat(lookAt(START + 4_999)).isEmpty();
    assertThat(lookAt(START + 5_000)).hasSize(1);
  }

  @Test
  void aBlockOfHistoryThatIsWrittenToOnAndOnIsDueAfterAMinute() {
    List<Long> rolled = writeForAnHour();
    // 60 s at first, then 5 s doubled each time where that is longer, up to 15 minutes.
    assertThat(rolled.getFirst()).isEqualTo(60);
    assertThat(rolled).hasSizeBetween(9, 12);
    assertThat(rolled.getLast() - rolled.get(rolled.size() - 2)).isBetween(600L, 910L);
  }

  /** Returns the seconds at which a block was due that is written to every second. */
  private List<Long> writeForAnHour() {
    List<Long> rolled = new ArrayList<>();
    for (int second = 0; second <= 3_600; second++) {
      dirty.clear();
      dirty.add(block(0, START - 10 * DAY, second + 1));
      List<DirtySpan> due = lookAt(START + second * SECOND);
      if (!due.isEmpty()) {
        rolled.add((long) second);
        done(due.getFirst(), due.getFirst().sequence());
      }
    }
    return rolled;
  }

  @Test
  void whatIsQuietAgainIsDueWithinAMinuteHoweverOftenItWasComputed() {
    assertThat(writeForAnHour()).isNotEmpty();
    long last = START + 3_600 * SECOND;
    dirty.clear();
    dirty.add(block(0, START - 10 * DAY, 5_000));
    assertThat(lookAt(last + SECOND)).isEmpty();
    assertThat(lookAt(last + 60 * SECOND)).isEmpty();
    assertThat(lookAt(last + 61 * SECOND)).hasSize(1);
  }

  @Test
  void aBlockThatWasCleanForLongStartsAnew() {
    DirtySpan first = block(0, START - 10 * DAY, 1);
    dirty.add(first);
    assertThat(lookAt(START)).isEmpty();
    commit(lookAt(START + 5_000));
    dirty.clear();
    assertThat(lookAt(START + 6_000)).isEmpty();
    long later = START + 3_600 * SECOND;
    assertThat(lookAt(later - SECOND)).isEmpty();
    assertThat(schedule.known()).isZero();
    dirty.add(block(0, START - 10 * DAY, 2));
    assertThat(lookAt(later)).isEmpty();
    assertThat(lookAt(later + 5_000)).hasSize(1);
  }

  @Test
  void nothingIsSentTwiceWhileItIsUnderWayOrWaitsForItsCommit() {
    DirtySpan span = block(0, START - 10 * DAY, 1);
    dirty.add(span);
    assertThat(lookAt(START)).isEmpty();
    assertThat(lookAt(START + 5_000)).hasSize(1);
    assertThat(lookAt(START + 500_000)).isEmpty();
    done(span, 1);
    assertThat(lookAt(START + 501_000)).isEmpty();
    assertThat(lookAt(START + 560_999)).isEmpty();
  }

  @Test
  void whatIsNotCommittedInTimeWasLost() {
    DirtySpan span = block(0, START - 10 * DAY, 1);
    dirty.add(span);
    assertThat(lookAt(START)).isEmpty();
    assertThat(lookAt(START + 5_000)).hasSize(1);
    done(span, 1);
    assertThat(lookAt(START + 6_000)).isEmpty();
    assertThat(lookAt(START + 66_000)).containsExactly(span);
  }

  @Test
  void whatWasReadWithTheNewerWriteIsNotComputedAgainForIt() {
    DirtySpan span = block(0, START - 10 * DAY, 1);
    dirty.add(span);
    assertThat(lookAt(START)).isEmpty();
    assertThat(lookAt(START + 5_000)).hasSize(1);
    dirty.set(0, block(0, START - 10 * DAY, 2));
    done(span, 2);
    assertThat(lookAt(START + 6_000)).isEmpty();
    assertThat(lookAt(START + 30_000)).isEmpty();
    dirty.set(0, block(0, START - 10 * DAY, 3));
    assertThat(lookAt(START + 31_000)).isEmpty();
    // The second time it has to be quiet for ten seconds.
    assertThat(lookAt(START + 40_000)).isEmpty();
    assertThat(lookAt(START + 41_000)).hasSize(1);
  }

  @Test
  void whatCannotBeReadIsTriedAgainEverLessOften() {
    DirtySpan span = block(0, START - 10 * DAY, 1);
    dirty.add(span);
    assertThat(lookAt(START)).isEmpty();
    long now = START + 5_000;
    List<Long> tries = new ArrayList<>();
    for (; now < START + 600_000; now += 250) {
      if (!lookAt(now).isEmpty()) {
        tries.add(now - START);
        ports.outcomes().add(new SpanOutcomes.Postponed(span, "the database is away"));
      }
    }
    assertThat(tries.get(1) - tries.get(0)).isBetween(1_000L, 1_500L);
    assertThat(tries.getLast() - tries.get(tries.size() - 2)).isBetween(60_000L, 60_500L);
  }

  @Test
  void aDayIsDueWhenItHasEndedAndItsBlocksAreClean() {
    long day = START - DAY;
    DirtySpan whole = new DirtySpan(0, Tier.ONE_DAY, day, 7);
    dirty.add(whole);
    dirty.add(block(0, day + 11 * BLOCK, 8));
    dirty.add(block(1, day, 9));
    assertThat(lookAt(START)).isEmpty();
    assertThat(lookAt(START + 29_000)).containsExactly(block(1, day, 9));
    List<DirtySpan> due = lookAt(START + 61_000);
    assertThat(due).doesNotContain(whole).contains(block(0, day + 11 * BLOCK, 8));
    commit(due);
    dirty.removeIf(span -> span.tier() != Tier.ONE_DAY && span.shard() == 0);
    assertThat(lookAt(START + 62_000)).containsExactly(whole);
  }

  @Test
  void aDayWaitsUntilItsBlocksHaveBeenQuiet() {
    long day = START - 10 * DAY;
    for (int second = 0; second < 100; second++) {
      dirty.clear();
      dirty.add(new DirtySpan(0, Tier.ONE_DAY, day, second));
      assertThat(lookAt(START + second * SECOND)).hasSizeLessThan(second < 60 ? 1 : 2);
    }
  }

  @Test
  void theDayOfTodayIsNotDue() {
    dirty.add(new DirtySpan(0, Tier.ONE_DAY, START, 7));
    assertThat(lookAt(START + 10_000)).isEmpty();
    assertThat(lookAt(START + DAY - 1)).isEmpty();
    assertThat(lookAt(START + DAY + 30_000)).hasSize(1);
  }

  @Test
  void nothingGoesOutWhileTheWayIsClosedAndEverythingAfterwards() {
    dirty.add(block(0, START - 10 * DAY, 1));
    open = false;
    assertThat(lookAt(START)).isEmpty();
    assertThat(lookAt(START + 500_000)).isEmpty();
    open = true;
    assertThat(lookAt(START + 500_001)).hasSize(1);
  }

  @Test
  void whatIsUnderWayIsBoundedAndTheJustEndedGoesFirst() {
    for (int i = 0; i < 1_000; i++) {
      dirty.add(block(i % 64, START - 1_000 * DAY + i / 64 * BLOCK, 1));
    }
    dirty.add(block(0, START, 1));
    assertThat(lookAt(START)).isEmpty();
    List<DirtySpan> due = lookAt(START + BLOCK + 90_000);
    assertThat(due).hasSizeLessThanOrEqualTo(256).first().isEqualTo(block(0, START, 1));
    assertThat(due.subList(1, due.size()))
        .isSortedAccordingTo((a, b) -> Long.compare(a.startMs(), b.startMs()));
    assertThat(lookAt(START + BLOCK + 91_000)).isEmpty();
    commit(due);
    assertThat(lookAt(START + BLOCK + 92_000)).isNotEmpty().doesNotContainAnyElementsOf(due);
  }

  private List<DirtySpan> lookAt(long nowMs) {
    clock.set(nowMs);
    return schedule.due(new Look(ports, nowMs, open, List.copyOf(dirty)));
  }

  private void commit(List<DirtySpan> spans) {
    spans.forEach(span -> done(span, span.sequence()));
    dirty.removeAll(spans);
  }

  private void done(DirtySpan span, long through) {
    ports.outcomes().add(new SpanOutcomes.Done(span, through, 1_000_000));
  }

  private static DirtySpan block(int shard, long startMs, long sequence) {
    return new DirtySpan(shard, Tier.ONE_MINUTE, startMs, sequence);
  }

  /** The schedule sees looks and outcomes alone. */
  private static final class NoSource implements WindowSource {
    @Override
    public List<DirtySpan> dirty() {
      throw new AssertionError();
    }

    @Override
    public Reading read(DirtySpan span) {
      throw new AssertionError();
    }

    @Override
    public void refuse(DirtySpan span) {
      throw new AssertionError();
    }
  }

  private static final class NoSink implements RollupSink {
    @Override
    public boolean isOpen() {
      throw new AssertionError();
    }

    @Override
    public void put(DirtySpan span, RollupBlock figures) {
      throw new AssertionError();
    }
  }
}
