package io.tidegrid.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeriesKeyTest {

  private static final int SERIES = 40_000;

  private static SeriesKey key(int i) {
    return SeriesKey.of(
        "default",
        Labels.of("__name__", "cpu_" + i % 10, "host", "host_" + i / 10, "region", "eu-" + i % 3));
  }

  /** Deviates from the expectation by less than six standard deviations of chi-square. */
  private static void assertEven(int[] counts, int total) {
    double expected = (double) total / counts.length;
    double chiSquare = 0;
    for (int count : counts) {
      chiSquare += (count - expected) * (count - expected) / expected;
    }
    double freedom = counts.length - 1;
    assertThat(Math.abs(chiSquare - freedom)).isLessThan(6 * Math.sqrt(2 * freedom));
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 64, 271})
  void seriesSpreadEvenlyOverShards(int shards) {
    int[] counts = new int[shards];
    for (int i = 0; i < SERIES; i++) {
      counts[key(i).shard(shards)]++;
    }
    assertEven(counts, SERIES);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 64, 271})
  void idsOfOneShardSpreadOverLowAndHighBits(int shards) {
    int[] low = new int[16];
    int[] high = new int[16];
    int total = 0;
    for (int i = 0; i < SERIES; i++) {
      SeriesKey key = key(i);
      if (key.shard(shards) == 3) {
        low[(int) key.id() & 15]++;
        high[(int) (key.id() >>> 60)]++;
        total++;
      }
    }
    assertEven(low, total);
    assertEven(high, total);
  }

  @Test
  void theTwoHashesShareNoBits() {
    int[] agreeing = new int[64];
    for (int i = 0; i < SERIES; i++) {
      long agree = ~(key(i).id() ^ key(i).shardHash());
      for (int bit = 0; bit < 64; bit++) {
        agreeing[bit] += (int) (agree >>> bit & 1);
      }
    }
    for (int count : agreeing) {
      assertThat(count).isBetween(SERIES / 2 - 600, SERIES / 2 + 600);
    }
  }

  @Test
  void tenantAndLabelsAreTheIdentity() {
    SeriesKey key = SeriesKey.of("a", Labels.of("__name__", "up"));
    SeriesKey same = SeriesKey.of("a", Labels.of("__name__", "up"));
    SeriesKey otherTenant = SeriesKey.of("b", Labels.of("__name__", "up"));
    SeriesKey otherLabels = SeriesKey.of("a", Labels.of("__name__", "down"));
    assertThat(key).isEqualTo(same).hasSameHashCodeAs(same).hasToString("a/up");
    assertThat(key.id()).isEqualTo(same.id());
    assertThat(key.shardHash()).isEqualTo(same.shardHash());
    assertThat(key).isNotEqualTo(otherTenant).isNotEqualTo(otherLabels);
    assertThat(Set.of(key.id(), otherTenant.id(), otherLabels.id())).hasSize(3);
    assertThat(Set.of(key.shardHash(), otherTenant.shardHash(), otherLabels.shardHash()))
        .hasSize(3);
  }

  @Test
  void idsAreDistinctAndNeverZero() {
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < SERIES; i++) {
      ids.add(key(i).id());
    }
    assertThat(ids).hasSize(SERIES).doesNotContain(0L);
  }

  @Test
  void remembersTheEpochThatConfirmedIt() {
    SeriesKey key = key(1);
    assertThat(key.isConfirmedIn(0)).isFalse();
    assertThat(key.isConfirmedIn(7)).isFalse();
    key.confirm(7);
    assertThat(key.isConfirmedIn(7)).isTrue();
    assertThat(key.isConfirmedIn(8)).isFalse();
    assertThat(key).isEqualTo(key(1));
  }
}
