package io.tidegrid.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RollupColumnsTest {

  private static final List<ValueKind> KINDS =
      Arrays.stream(ValueKind.values()).filter(kind -> !kind.isWild()).toList();

  private static RollupColumns minutes(double... values) {
    RollupColumns windows = new RollupColumns();
    long[] times = LongStream.range(0, values.length).map(i -> i * 10_000).toArray();
    new WindowRoller().roll(60_000, times, values, 0, values.length, windows);
    return windows;
  }

  @Test
  void quantilesAreExactWhereAllValuesAreEqualOrThereAreTwo() {
    RollupColumns windows = minutes(0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 7, 11);

    assertThat(windows.size()).isEqualTo(2);
    for (double share : new double[] {0, 0.01, 0.5, 0.95, 1}) {
      assertThat(windows.quantile(0, share)).isEqualTo(0.3);
      assertThat(windows.quantile(1, share)).isEqualTo(7 * (1 - share) + 11 * share);
    }
    assertThat(minutes(-0.0, -0.0).quantile(0, 0.5)).isZero();
    assertThat(minutes(Double.POSITIVE_INFINITY).quantile(0, 0.5)).isInfinite();
    assertThat(minutes(1).quantile(0, Double.NaN)).isNaN();
  }

  @Test
  void quantilesStayBetweenTheLeastAndTheGreatestValueAndRise() {
    for (int seed = 0; seed < 500; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      double[] values = KINDS.get(seed % KINDS.size()).values(6, random);
      RollupColumns windows = minutes(values);
      Arrays.sort(values);
      double before = values[0];
      for (int percent = 0; percent <= 100; percent++) {
        double quantile = windows.quantile(0, percent / 100.0);
        assertThat(quantile).isBetween(before - Math.abs(before) * 1e-15, values[5]);
        before = quantile;
      }
      assertThat(windows.quantile(0, 0)).isEqualTo(values[0]);
      assertThat(windows.quantile(0, 1)).isEqualTo(values[5]);
    }
  }

  @Test
  void holdsAnyNumberOfWindowsAndGivesHistogramsBothWays() {
    RollupColumns windows = new RollupColumns();
    for (int round = 0; round < 2; round++) {
      windows.clear();
      for (int i = 0; i < 100 + round; i++) {
        byte[] histogram = ExponentialHistogram.of(new double[i % 40]).encoded();
        add(
            windows,
            i,
            i % 3 == 0 ? ExponentialHistogram.of(i, 2 * i, i - 50).encoded() : histogram);
        if (i == 20) {
          assertThat(windows.histograms()[20]).isNotNull();
        }
      }
      assertThat(windows.size()).isEqualTo(100 + round);
      byte[][] histograms = windows.histograms();
      for (int i = 0; i < windows.size(); i++) {
        assertThat(histograms[i])
            .isEqualTo(
                Arrays.copyOfRange(
                    windows.histogramBytes(),
                    windows.histogramStart(i),
                    windows.histogramEnds()[i]));
      }
      assertThat(histograms[99]).isEqualTo(ExponentialHistogram.of(99, 198, 49).encoded());
      RollupColumns copy = new RollupColumns();
      copy.add(windows, 99);
      assertThat(copy.histograms()[0]).isEqualTo(histograms[99]);
      assertThat(copy.counts()[0]).isEqualTo(3);
    }
  }

  @Test
  void histogramsHandedOutStayWhenTheColumnsAreUsedAgain() {
    RollupColumns windows = new RollupColumns();
    add(windows, 0, ExponentialHistogram.of(1, 2).encoded());
    byte[] held = windows.histograms()[0];

    windows.clear();
    add(windows, 0, ExponentialHistogram.of(5, 6, 7).encoded());

    assertThat(held).isEqualTo(ExponentialHistogram.of(1, 2).encoded());
    assertThat(windows.histograms()[0]).isEqualTo(ExponentialHistogram.of(5, 6, 7).encoded());
  }

  private static void add(RollupColumns windows, int i, byte[] histogram) {
    windows.add(i * 60_000L, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, histogram);
  }

  @Test
  void increasesBetweenWindows() {
    assertThat(RollupColumns.increaseBetween(5, 7)).isEqualTo(2);
    assertThat(RollupColumns.increaseBetween(7, 5)).isEqualTo(5);
    assertThat(RollupColumns.increaseBetween(7, 7)).isZero();
  }

  @Test
  void percentilesOfMergedWindowsAreThoseOfAllValues() {
    SplittableRandom random = new SplittableRandom(3);
    double[] values = new double[720];
    Arrays.setAll(values, i -> random.nextDouble(10, 2_000));
    RollupColumns minutes = minutes(values);
    RollupColumns hours = new RollupColumns();
    new WindowRoller().merge(7_200_000, minutes, 0, minutes.size(), hours);
    Arrays.sort(values);

    assertThat(hours.quantile(0, 0.5))
        .isCloseTo((values[359] + values[360]) / 2, within(0.022 * values[360]));
  }
}
