package io.tidegrid.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WindowRollerTest {

  private static final long DAY = 1_764_028_800_000L;
  private static final int RUNS = 20;

  private final WindowRoller roller = new WindowRoller();

  /** Samples of one series, each time once, ascending. */
  private static final class Samples {
    private final long[] times;
    private final double[] values;

    Samples(long[] times, double[] values) {
      this.times = times;
      this.values = values;
    }

    /** Sent in any order, some twice, some corrected, with outages, and some at windows' bounds. */
    static Samples random(ValueKind kind, RandomGenerator random) {
      int size = random.nextInt(1, 2_000);
      double[] sent = kind.values(size, random);
      int step = random.nextInt(3) == 0 ? 1_000 : random.nextInt(2) == 0 ? 10_000 : 61_000;
      TreeMap<Long, Double> held = new TreeMap<>();
      long time = DAY + random.nextLong(3 * 3_600_000);
      for (int i = 0; i < size; i++) {
        time += random.nextInt(50) == 0 ? random.nextLong(2 * 3_600_000) : step;
        long at = random.nextInt(5) == 0 ? time / 60_000 * 60_000 - random.nextInt(2) : time;
        held.put(at, random.nextInt(20) == 0 ? Double.NaN : sent[i]);
        if (random.nextInt(5) == 0) {
          held.put(at, sent[i]);
        }
      }
      return new Samples(
          held.keySet().stream().mapToLong(Long::longValue).toArray(),
          held.values().stream().mapToDouble(Double::doubleValue).toArray());
    }

    Map<Long, double[][]> windows(Tier tier) {
      Map<Long, double[][]> windows = new TreeMap<>();
      for (int i = 0; i < times.length; i++) {
        if (!Double.isNaN(values[i])) {
          double[][] row = {{times[i], values[i]}};
          windows.merge(tier.startOf(times[i]), row, Samples::concat);
        }
      }
      return windows;
    }

    private static double[][] concat(double[][] some, double[][] more) {
      double[][] all = Arrays.copyOf(some, some.length + more.length);
      System.arraycopy(more, 0, all, some.length, more.length);
      return all;
    }
  }

  private RollupColumns roll(Tier tier, Samples samples) {
    RollupColumns windows = new RollupColumns();
    roller.roll(tier.windowMs(), samples.times, samples.values, 0, samples.times.length, windows);
    return windows;
  }

  @ParameterizedTest
  @EnumSource
  void equalsWhatIsComputedTheLongWay(ValueKind kind) {
    for (int seed = 0; seed < RUNS; seed++) {
      Samples samples = Samples.random(kind, new SplittableRandom(seed));
      for (Tier tier : Tier.values()) {
        RollupColumns windows = roll(tier, samples);
        Map<Long, double[][]> expected = samples.windows(tier);
        String as = tier + ", seed " + seed;

        assertThat(Arrays.copyOf(windows.starts(), windows.size()))
            .as(as)
            .containsExactly(expected.keySet().stream().mapToLong(Long::longValue).toArray());
        for (int i = 0; i < windows.size(); i++) {
          check(windows, i, expected.get(windows.starts()[i]), as);
        }
      }
    }
  }

  private static void check(RollupColumns windows, int i, double[][] rows, String as) {
    double[] values = Arrays.stream(rows).mapToDouble(row -> row[1]).toArray();
    int end = values.length - 1;
    assertThat(windows.counts()[i]).as(as).isEqualTo(values.length);
    assertThat(windows.mins()[i]).as(as).isEqualTo(Arrays.stream(values).min().orElseThrow());
    assertThat(windows.maxs()[i]).as(as).isEqualTo(Arrays.stream(values).max().orElseThrow());
    assertThat(windows.firsts()[i]).as(as).isEqualTo(values[0]);
    assertThat(windows.firstTimes()[i]).as(as).isEqualTo((long) rows[0][0]);
    assertThat(windows.lasts()[i]).as(as).isEqualTo(values[end]);
    assertThat(windows.lastTimes()[i]).as(as).isEqualTo((long) rows[end][0]);
    assertThat(windows.histograms()[i]).as(as).isEqualTo(ExponentialHistogram.of(values).encoded());
    int resets = 0;
    double plainSum = values[0];
    double plainIncrease = 0;
    for (int j = 1; j <= end; j++) {
      resets += values[j] < values[j - 1] ? 1 : 0;
      plainSum += values[j];
      plainIncrease += RollupColumns.increaseBetween(values[j - 1], values[j]);
    }
    assertThat(windows.resets()[i]).as(as).isEqualTo(resets);
    if (Arrays.stream(values).allMatch(value -> Math.abs(value) < 1e300)) {
      checkSums(windows, i, values, as);
    } else if (Arrays.stream(values).anyMatch(Double::isInfinite)) {
      assertThat(windows.sums()[i]).as(as).isEqualTo(Double.valueOf(plainSum));
      assertThat(windows.increases()[i]).as(as).isEqualTo(Double.valueOf(plainIncrease));
    }
  }

  private static void checkSums(RollupColumns windows, int i, double[] values, String as) {
    BigDecimal sum = BigDecimal.ZERO;
    BigDecimal increase = BigDecimal.ZERO;
    BigDecimal last = new BigDecimal(values[0]);
    for (double value : values) {
      BigDecimal exact = new BigDecimal(value);
      sum = sum.add(exact);
      increase = increase.add(exact.compareTo(last) < 0 ? exact : exact.subtract(last));
      last = exact;
    }
    double sizes = Arrays.stream(values).map(Math::abs).sum();
    assertThat(windows.sums()[i]).as(as).isCloseTo(sum.doubleValue(), rounding(sum, sizes));
    assertThat(windows.increases()[i])
        .as(as)
        .isCloseTo(increase.doubleValue(), rounding(increase, sizes));
  }

  /** That of the result, and of twice the precision of what was added up. */
  private static Offset<Double> rounding(BigDecimal exact, double sizes) {
    return within(Math.abs(exact.doubleValue()) * 0x1p-51 + sizes * 0x1p-90 + Double.MIN_VALUE);
  }

  @ParameterizedTest
  @EnumSource
  void mergingFinerWindowsIsRollingSamples(ValueKind kind) {
    Tier[] tiers = Tier.values();
    for (int seed = 0; seed < RUNS; seed++) {
      Samples samples = Samples.random(kind, new SplittableRandom(seed));
      RollupColumns finer = roll(tiers[0], samples);
      for (int t = 1; t < tiers.length; t++) {
        RollupColumns merged = new RollupColumns();
        roller.merge(tiers[t].windowMs(), finer, 0, finer.size(), merged);
        RollupColumns rolled = roll(tiers[t], samples);
        sameWindows(merged, rolled, kind, tiers[t] + ", seed " + seed);
        finer = merged;
      }
    }
  }

  private static void sameWindows(
      RollupColumns merged, RollupColumns rolled, ValueKind kind, String as) {
    int size = rolled.size();
    assertThat(merged.size()).as(as).isEqualTo(size);
    assertThat(upTo(merged.starts(), size)).as(as).isEqualTo(upTo(rolled.starts(), size));
    assertThat(upTo(merged.counts(), size)).as(as).isEqualTo(upTo(rolled.counts(), size));
    assertThat(upTo(merged.mins(), size)).as(as).isEqualTo(upTo(rolled.mins(), size));
    assertThat(upTo(merged.maxs(), size)).as(as).isEqualTo(upTo(rolled.maxs(), size));
    assertThat(upTo(merged.firsts(), size)).as(as).isEqualTo(upTo(rolled.firsts(), size));
    assertThat(upTo(merged.lasts(), size)).as(as).isEqualTo(upTo(rolled.lasts(), size));
    assertThat(upTo(merged.firstTimes(), size)).as(as).isEqualTo(upTo(rolled.firstTimes(), size));
    assertThat(upTo(merged.lastTimes(), size)).as(as).isEqualTo(upTo(rolled.lastTimes(), size));
    assertThat(Arrays.copyOf(merged.resets(), size))
        .as(as)
        .isEqualTo(Arrays.copyOf(rolled.resets(), size));
    assertThat(Arrays.copyOf(merged.histograms(), size))
        .as(as)
        .isDeepEqualTo(Arrays.copyOf(rolled.histograms(), size));
    for (int i = 0; i < size && !kind.isWild(); i++) {
      // Where values of both signs cancel out, no sum of rounded sums is near in relation to
      // itself.
      double sizes =
          rolled.counts()[i] * Math.max(Math.abs(rolled.mins()[i]), Math.abs(rolled.maxs()[i]));
      double sum = rolled.sums()[i];
      double increase = rolled.increases()[i];
      boolean cancels = kind == ValueKind.MIXED_SIGNS || kind == ValueKind.GAUGE;
      assertThat(merged.sums()[i])
          .as(as)
          .isCloseTo(sum, within(1e-12 * (cancels ? sizes : Math.abs(sum))));
      assertThat(merged.increases()[i])
          .as(as)
          .isCloseTo(increase, within(1e-12 * (cancels ? sizes : Math.abs(increase))));
    }
  }

  private static long[] upTo(long[] values, int size) {
    return Arrays.copyOf(values, size);
  }

  private static double[] upTo(double[] values, int size) {
    return Arrays.copyOf(values, size);
  }

  /**
   * A counter near 2^53 that steps by one, where a plain sum of values would be off by thousands.
   */
  @Test
  void keepsTheLastDigitsOfLargeCounters() {
    int size = 1_440;
    long[] times = new long[size];
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      times[i] = DAY + i * 60_000L;
      values[i] = 0x1p53 - size + i;
    }
    RollupColumns hours = new RollupColumns();
    RollupColumns day = new RollupColumns();

    roller.roll(3_600_000, times, values, 0, size, hours);
    roller.merge(86_400_000, hours, 0, hours.size(), day);

    assertThat(hours.size()).isEqualTo(24);
    assertThat(hours.increases()[7]).isEqualTo(59);
    assertThat(day.increases()[0]).isEqualTo(size - 1);
    assertThat(day.sums()[0])
        .isEqualTo(
            Arrays.stream(values)
                .mapToObj(BigDecimal::new)
                .reduce(BigDecimal::add)
                .orElseThrow()
                .doubleValue());
  }

  @Test
  void aWindowEndsBeforeTheNextBegins() {
    long[] times = {0, 59_999, 60_000, 119_999, 120_000, 300_000};
    double[] values = {1, 2, 3, 4, 5, 6};
    RollupColumns windows = new RollupColumns();

    roller.roll(60_000, times, values, 0, 6, windows);

    assertThat(upTo(windows.starts(), windows.size())).containsExactly(0, 60_000, 120_000, 300_000);
    assertThat(upTo(windows.sums(), windows.size())).containsExactly(3, 7, 5, 6);
    assertThat(upTo(windows.increases(), windows.size())).containsExactly(1, 1, 0, 0);
  }

  @Test
  void rollsAPartOfTheSamplesAndAppends() {
    long[] times = {0, 10_000, 60_000, 70_000, 120_000};
    double[] values = {9, 1, 4, 2, 8};
    RollupColumns windows = new RollupColumns();

    roller.roll(60_000, times, values, 1, 3, windows);
    roller.roll(60_000, times, values, 4, 5, windows);

    assertThat(upTo(windows.firsts(), windows.size())).containsExactly(1, 4, 8);
    assertThat(upTo(windows.counts(), windows.size())).containsExactly(1, 1, 1);
    RollupColumns merged = new RollupColumns();
    roller.merge(300_000, windows, 1, 3, merged);
    assertThat(merged.size()).isEqualTo(1);
    assertThat(merged.firsts()[0]).isEqualTo(4);
    assertThat(merged.increases()[0]).isEqualTo(4);
  }

  @Test
  void windowsOfStaleMarkersAloneAreNotThere() {
    long[] times = {0, 60_000, 120_000};
    double[] values = {Double.NaN, Double.NaN, 1};
    RollupColumns windows = new RollupColumns();

    roller.roll(60_000, times, values, 0, 2, windows);
    assertThat(windows.size()).isZero();
    roller.roll(60_000, times, values, 0, 3, windows);
    assertThat(windows.size()).isEqualTo(1);
    assertThat(windows.starts()[0]).isEqualTo(120_000);
    roller.merge(60_000, windows, 0, 0, windows);
    assertThat(windows.size()).isEqualTo(1);
  }

  @Test
  void staleMarkersBetweenDoNotHideAReset() {
    long[] times = {0, 1_000, 2_000, 3_000};
    double[] values = {5, Double.NaN, 2, 4};
    RollupColumns windows = new RollupColumns();

    roller.roll(60_000, times, values, 0, 4, windows);

    assertThat(windows.counts()[0]).isEqualTo(3);
    assertThat(windows.resets()[0]).isEqualTo(1);
    assertThat(windows.increases()[0]).isEqualTo(4);
  }

  @Test
  void infinitiesAndOverflowLeaveWhatPlainArithmeticLeaves() {
    double inf = Double.POSITIVE_INFINITY;
    double[][] windows = {
      {1, inf, 5}, {inf, inf}, {-inf, 3}, {inf, -inf}, {3, -inf, 4}, {1e308, 1e308}, {inf}, {1, inf}
    };
    double[] sums = {inf, inf, -inf, Double.NaN, -inf, inf, inf, inf};
    double[] increases = {inf, Double.NaN, inf, -inf, Double.NaN, 0, 0, inf};
    for (int i = 0; i < windows.length; i++) {
      long[] times = new long[windows[i].length];
      Arrays.setAll(times, at -> at);
      RollupColumns into = new RollupColumns();
      roller.roll(60_000, times, windows[i], 0, times.length, into);
      assertThat(into.sums()[0]).as(Arrays.toString(windows[i])).isEqualTo(Double.valueOf(sums[i]));
      assertThat(into.increases()[0])
          .as(Arrays.toString(windows[i]))
          .isEqualTo(Double.valueOf(increases[i]));
    }
  }

  /** Whatever the number of an infinity's window, the figures of the longer one are the same. */
  @Test
  void infinitiesMergeAsTheyRoll() {
    double[] some = {1, 2, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    for (int seed = 0; seed < 3_000; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      double[] values = random.ints(6, 0, some.length).mapToDouble(i -> some[i]).toArray();
      long[] times = new long[6];
      Arrays.setAll(times, i -> i * 30_000L);
      RollupColumns minutes = new RollupColumns();
      RollupColumns merged = new RollupColumns();
      RollupColumns rolled = new RollupColumns();
      roller.roll(60_000, times, values, 0, 6, minutes);
      roller.merge(300_000, minutes, 0, minutes.size(), merged);
      roller.roll(300_000, times, values, 0, 6, rolled);

      assertThat(merged.sums()[0])
          .as(Arrays.toString(values))
          .isEqualTo(Double.valueOf(rolled.sums()[0]));
      assertThat(merged.increases()[0])
          .as(Arrays.toString(values))
          .isEqualTo(Double.valueOf(rolled.increases()[0]));
    }
  }
}
