package io.tidegrid.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.model.Labels;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
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

  @Test
  void keepsBothSidesOfGapsHoweverFewPointsThereAre() {
    long[] times = times(10_000);
    for (int i = 4_000; i < 10_000; i++) {
      times[i] += 31 * 10_000;
    }
    for (int i = 7_001; i < 10_000; i++) {
      times[i] += 3_600_000;
    }
    for (int points : new int[] {6, 7, 10, 100, 1_000, 9_999}) {
      int[] kept = Downsample.lttb(times, walk(10_000, points), points);

      assertThat(kept).hasSize(points).isSorted().doesNotHaveDuplicates();
      assertThat(kept).contains(0, 3_999, 4_000, 7_000, 7_001, 9_999);
    }
  }

  @Test
  void aGapIsMoreThanThreeTimesTheUsualDistance() {
    double[] peaks = new double[1_000];
    peaks[250] = 1;
    peaks[750] = 1;
    long[] missed = times(1_000);
    long[] gap = times(1_000);
    for (int i = 500; i < 1_000; i++) {
      missed[i] += 20_000;
      gap[i] += 20_001;
    }
    assertThat(Downsample.lttb(gap, peaks, 4)).containsExactly(0, 499, 500, 999);
    assertThat(Downsample.lttb(missed, peaks, 4)).containsExactly(0, 250, 750, 999);
  }

  /** A stale marker is not drawn, and the outage after it is a gap between what is. */
  @Test
  void keepsBothSidesOfAGapThatStaleMarkersLieIn() {
    double[] values = walk(1_000, 3);
    Arrays.fill(values, 600, 640, Double.NaN);

    assertThat(Downsample.lttb(times(1_000), values, 20)).hasSize(20).contains(599, 640);
  }

  @Test
  void keepsTheLongestGapsWhereThereAreTooMany() {
    int size = 10_000;
    long[] times = times(size);
    for (int i = 1; i < size; i++) {
      times[i] = times[i - 1] + 10_000 + (i % 10 == 0 ? 100_000L + (i % 2_000 == 0 ? i : 0) : 0);
    }
    for (int points = 2; points < 60; points++) {
      int[] kept = Downsample.lttb(times, walk(size, 1), points);
      assertThat(kept).hasSize(points).isSorted().doesNotHaveDuplicates().contains(0, size - 1);
    }
    int[] kept = Downsample.lttb(times, walk(size, 1), 100);

    assertThat(kept).contains(1_999, 2_000, 3_999, 4_000, 5_999, 6_000, 7_999, 8_000);
    assertThat(Arrays.stream(kept).filter(i -> i > 2_000 && i < 3_999).count())
        .as("some points for the shape")
        .isPositive();
  }

  @Test
  void keepsAsManyAsAskedOfSamplesAtAnyTimes() {
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      int size = random.nextInt(1, 200);
      long[] times = new long[size];
      double[] values = walk(size, seed);
      long time = START;
      for (int i = 0; i < size; i++) {
        time += 1 + (long) Math.exp(random.nextDouble() * random.nextInt(1, 16));
        times[i] = time;
        if (random.nextInt(8) == 0) {
          values[i] = random.nextBoolean() ? Double.NaN : Double.NEGATIVE_INFINITY;
        }
      }
      int points = random.nextInt(1, 220);
      int[] drawable = IntStream.range(0, size).filter(i -> !Double.isNaN(values[i])).toArray();

      int[] kept = Downsample.lttb(times, values, points);

      assertThat(kept)
          .as("seed %d", seed)
          .hasSize(Math.min(points, drawable.length))
          .isSorted()
          .doesNotHaveDuplicates();
      assertThat(drawable).contains(kept);
      if (drawable.length > 0) {
        assertThat(kept[kept.length - 1]).isEqualTo(drawable[drawable.length - 1]);
        assertThat(kept[0]).isEqualTo(points == 1 ? kept[kept.length - 1] : drawable[0]);
      }
    }
  }

  /** CPU time, as the machine may be busy with other things. */
  @Test
  void aHundredThousandToAThousandIsFast() {
    long[] times = times(100_000);
    double[] values = walk(100_000, 7);
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 60; i++) {
      long start = threads.getCurrentThreadCpuTime();
      assertThat(Downsample.lttb(times, values, 1_000)).hasSize(1_000);
      best = Math.min(best, threads.getCurrentThreadCpuTime() - start);
    }
    System.getLogger(DownsampleTest.class.getName())
        .log(System.Logger.Level.INFO, "100,000 to 1,000 points: {0} us", best / 1_000);
    assertThat(best).isLessThan(3_000_000);
  }
}
