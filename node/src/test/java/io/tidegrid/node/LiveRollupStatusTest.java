package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.http.RollupStatus.TierStatus;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.WindowSource;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of how far rollups are. */
class LiveRollupStatusTest {

  private static final long DAY = Tier.ONE_DAY.windowMs();
  private static final long BLOCK = BlockSpan.LENGTH_MS;
  private static final long START = 20_000 * DAY;

  private final List<DirtySpan> dirty = new ArrayList<>();
  private boolean known = true;
  private Instant now = Instant.ofEpochMilli(START + 10 * BLOCK + 600_000);
  private final LiveRollupStatus status = new LiveRollupStatus(new Marks(), () -> known, () -> now);

  @Test
  void withNothingDirtyEverythingThatHasEndedIsStored() {
    assertThat(status.tiers()).extracting(TierStatus::tier).containsExactly("1m", "5m", "1h", "1d");
    for (TierStatus tier : status.tiers()) {
      assertThat(tier.dirtySpans()).isZero();
      assertThat(tier.oldestDirtyMs()).isEqualTo(Long.MAX_VALUE);
      assertThat(tier.stored()).isTrue();
    }
    assertThat(status.of(Tier.FIVE_MINUTES).throughMs()).isEqualTo(START + 10 * BLOCK);
    assertThat(status.of(Tier.ONE_DAY).throughMs()).isEqualTo(START);
    assertThat(status.lag(Tier.ONE_MINUTE)).isZero();
  }

  @Test
  void theOpenBlockIsDirtyAndNotLate() {
    dirty.add(new DirtySpan(0, Tier.ONE_MINUTE, START + 10 * BLOCK, 1));
    dirty.add(new DirtySpan(1, Tier.ONE_MINUTE, START + 10 * BLOCK, 1));
    assertThat(status.of(Tier.ONE_MINUTE).throughMs()).isEqualTo(START + 10 * BLOCK);
    assertThat(status.of(Tier.ONE_MINUTE).dirtySpans()).isEqualTo(2);
    assertThat(status.of(Tier.ONE_DAY).dirtySpans()).isEqualTo(2);
    assertThat(status.lag(Tier.ONE_MINUTE)).isZero();
    assertThat(status.lag(Tier.ONE_DAY)).isZero();
  }

  @Test
  void theEarliestDirtyBlockIsHowFarItIs() {
    dirty.add(new DirtySpan(0, Tier.ONE_MINUTE, START + 9 * BLOCK, 1));
    dirty.add(new DirtySpan(1, Tier.ONE_MINUTE, START - DAY + BLOCK, 1));
    dirty.add(new DirtySpan(1, Tier.ONE_DAY, START - DAY, 1));
    TierStatus hours = status.of(Tier.ONE_HOUR);
    assertThat(hours.throughMs()).isEqualTo(START - DAY + BLOCK);
    assertThat(hours.oldestDirtyMs()).isEqualTo(START - DAY + BLOCK);
    assertThat(hours.dirtySpans()).isEqualTo(2);
    assertThat(status.of(Tier.ONE_DAY).throughMs()).isEqualTo(START - DAY);
    assertThat(status.of(Tier.ONE_DAY).dirtySpans()).isEqualTo(2);
    assertThat(status.lag(Tier.ONE_HOUR))
        .isEqualTo(Duration.ofMillis(DAY - 2 * BLOCK + 10 * BLOCK + 600_000));
  }

  @Test
  void whileMarksAreLoadedNothingIsPromised() {
    known = false;
    assertThat(status.tiers())
        .allSatisfy(tier -> assertThat(tier.throughMs()).isEqualTo(Long.MIN_VALUE));
  }

  @Test
  void aLookServesForASecond() {
    assertThat(status.of(Tier.ONE_DAY).dirtySpans()).isZero();
    dirty.add(new DirtySpan(1, Tier.ONE_DAY, START - DAY, 1));
    assertThat(status.of(Tier.ONE_DAY).dirtySpans()).isZero();
    now = now.plusSeconds(1);
    assertThat(status.of(Tier.ONE_DAY).dirtySpans()).isOne();
  }

  @Test
  void theMetersSayWhatWasDone() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    RollupMeters meters = new RollupMeters(registry, status, () -> 7, 9);
    DirtySpan block = new DirtySpan(0, Tier.ONE_MINUTE, START + 9 * BLOCK, 1);
    DirtySpan day = new DirtySpan(0, Tier.ONE_DAY, START, 1);
    dirty.add(block);
    meters.rolled(block, 10, 100, Duration.ofMillis(3));
    meters.rolled(day, 1, 100, Duration.ofMillis(3));
    meters.failed(block, new IllegalStateException());
    meters.refused(block);
    meters.postponed(day, "later");
    assertThat(registry.get("tidegrid.rollup.spans").tag("tier", "1m").counter().count()).isOne();
    assertThat(registry.get("tidegrid.rollup.windows").tag("tier", "1m").counter().count())
        .isEqualTo(10);
    assertThat(registry.get("tidegrid.rollup.samples").counter().count()).isEqualTo(100);
    assertThat(registry.get("tidegrid.rollup.failures").tag("tier", "1m").counter().count())
        .isOne();
    assertThat(registry.get("tidegrid.rollup.refused").tag("tier", "1m").counter().count()).isOne();
    assertThat(registry.get("tidegrid.rollup.postponed").tag("tier", "1d").counter().count())
        .isOne();
    assertThat(registry.get("tidegrid.rollup.duration").tag("tier", "1d").timer().count()).isOne();
    assertThat(registry.get("tidegrid.rollup.dirty").tag("tier", "5m").gauge().value()).isOne();
    assertThat(registry.get("tidegrid.rollup.lag").tag("tier", "1m").gauge().value())
        .isEqualTo(600);
    assertThat(registry.get("tidegrid.rollup.pending").gauge().value()).isEqualTo(7);
  }

  /** Only asked what is dirty. */
  private final class Marks implements WindowSource {
    @Override
    public List<DirtySpan> dirty() {
      return List.copyOf(dirty);
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
}
