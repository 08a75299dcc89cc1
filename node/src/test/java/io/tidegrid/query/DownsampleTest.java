package io.tidegrid.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.model.Labels;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DownsampleTest {

  private static final long START = 1_764_000_000_000L;

  private static long[] times(int count) {
    return LongStream.range(0, count).map(i -> START + i * 10_000).toArray();
  }

  private static double[] walk(int count, long seed) {
    Random random = new Random(seed);
    double[] values = new double[count];
    double at = 0;
    for (int i = 0; i < count; i++) {
      at += random.nextGaussian();
      values[i] = at;
    }
    return values;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 7, 100, 999, 1_000, 5_000})
  void keepsAsManyAsAskedTheFirstAndTheLast(int points) {
    int[] kept = Downsample.lttb(times(1_000), walk(1_000, points), points);

    assertThat(kept).hasSize(Math.min(points, 1_000)).doesNotHaveDuplicates().isSorted();
    assertThat(kept[0]).isZero();
    assertThat(kept[kept.length - 1]).isEqualTo(999);
  }

  @Test
  void keepsWhatStandsOut() {
    double[] values = new double[10_000];
    values[3_333] = 50;
    values[7_777] = -50;

    assertThat(Downsample.lttb(times(10_000), values, 100)).contains(3_333, 7_777);
  }

  /** Against the algorithm as the thesis gives it, written as plainly as possible. */
  @Test
  void equalsThePlainAlgorithm() {
    for (int n : new int[] {10, 97, 1_000, 4_321}) {
      for (int points : new int[] {3, 5, 9, 50}) {
        if (points < n) {
          double[] values = walk(n, n + points);
          assertThat(Downsample.lttb(times(n), values, points))
              .isEqualTo(plain(times(n), values, points));
        }
      }
    }
  }

  private static int[] plain(long[] times, double[] values, int points) {
    int n = times.length;
    double every = (double) (n - 2) / (points - 2);
    int[] kept = new int[points];
    kept[points - 1] = n - 1;
    for (int i = 0; i < points - 2; i++) {
      int from = (int) (i * every) + 1;
      int to = (int) ((i + 1) * every) + 1;
      int nextTo = i == points - 3 ? n : Math.min((int) ((i + 2) * every) + 1, n);
      double x = IntStream.range(to, nextTo).mapToDouble(j -> times[j] - START).average().orElse(0);
      double y = IntStream.range(to, nextTo).mapToDouble(j -> values[j]).average().orElse(0);
      int a = kept[i];
      double best = -1;
      for (int j = from; j < to; j++) {
        double area =
            Math.abs(
                (times[a] - START - x) * (values[j] - values[a])
                    - (double) (times[a] - times[j]) * (y - values[a]));
        if (area > best * (1 + 1e-12)) {
          best = area;
          kept[i + 1] = j;
        }
      }
    }
    return kept;
  }

  @Test
  void leavesOutNaNAndBearsInfinities() {
    double[] values = walk(1_000, 5);
    IntStream.range(0, 1_000).filter(i -> i % 3 == 0).forEach(i -> values[i] = Double.NaN);
    values[500] = Double.POSITIVE_INFINITY;

    int[] kept = Downsample.lttb(times(1_000), values, 50);

    assertThat(kept).hasSize(50).doesNotHaveDuplicates().contains(500);
    assertThat(Arrays.stream(kept).mapToDouble(i -> values[i])).doesNotContain(Double.NaN);
    assertThat(kept[0]).isEqualTo(1);
    assertThat(kept[49]).isEqualTo(998);
    Arrays.fill(values, Double.NaN);
    assertThat(Downsample.lttb(times(1_000), values, 50)).isEmpty();
  }

  @Test
  void bearsFewPointsAndRefusesNone() {
    assertThat(Downsample.lttb(times(0), new double[0], 5)).isEmpty();
    assertThat(Downsample.lttb(times(9), walk(9, 1), 1)).containsExactly(8);
    assertThatThrownBy(() -> Downsample.lttb(times(9), walk(9, 1), 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Downsample.lttb(times(9), walk(8, 1), 3))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void thinsOutASeries() {
    Labels labels = Labels.of("__name__", "m");
    SeriesSamples series = new SeriesSamples(labels, times(100), walk(100, 3));

    SeriesSamples thin = Downsample.lttb(series, 10);

    assertThat(thin.labels()).isEqualTo(labels);
    assertThat(thin.size()).isEqualTo(10);
    assertThat(thin.times()[9]).isEqualTo(series.times()[99]);
    assertThat(thin.values()[0]).isEqualTo(series.values()[0]);
  }

  /** The bound is wide for machines under load. */
  @Test
  void aHundredThousandToAThousandIsFast() {
    long[] times = times(100_000);
    double[] values = walk(100_000, 7);
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 60; i++) {
      long start = System.nanoTime();
      assertThat(Downsample.lttb(times, values, 1_000)).hasSize(1_000);
      best = Math.min(best, System.nanoTime() - start);
    }
    System.getLogger(DownsampleTest.class.getName())
        .log(System.Logger.Level.INFO, "100,000 to 1,000 points: {0} us", best / 1_000);
    assertThat(best).isLessThan(3_000_000);
  }
}
