package io.tidegrid.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExponentialHistogramTest {

  private static final int RUNS = 60;
  private static final List<ValueKind> KINDS = List.of(ValueKind.values());

  private static double[] anyValues(RandomGenerator random) {
    ValueKind kind = KINDS.get(random.nextInt(KINDS.size()));
    return kind.values(random.nextInt(300), random);
  }

  @Test
  void mergingIsCommutativeAndAssociative() {
    for (int seed = 0; seed < 1_000; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      ExponentialHistogram a = ExponentialHistogram.of(anyValues(random));
      ExponentialHistogram b = ExponentialHistogram.of(anyValues(random));
      ExponentialHistogram c = ExponentialHistogram.of(anyValues(random));

      assertThat(a.merge(b)).as("seed %d", seed).isEqualTo(b.merge(a));
      assertThat(a.merge(b).merge(c)).as("seed %d", seed).isEqualTo(a.merge(b.merge(c)));
      assertThat(a.merge(ExponentialHistogram.empty())).isEqualTo(a);
    }
  }

  @ParameterizedTest
  @EnumSource
  void isTheSameHoweverTheValuesAreSplitAndOrdered(ValueKind kind) {
    for (int seed = 0; seed < RUNS; seed++) {
      Random random = new Random(seed);
      double[] values = kind.values(random.nextInt(1, 500), random);
      byte[] whole = ExponentialHistogram.of(values).encoded();
      List<Double> shuffled = new ArrayList<>(Arrays.stream(values).boxed().toList());
      Collections.shuffle(shuffled, random);

      List<byte[]> parts = new ArrayList<>();
      for (int at = 0; at < values.length; ) {
        int to = Math.min(values.length, at + random.nextInt(1, 60));
        parts.add(encoded(shuffled.subList(at, to)));
        at = to;
      }
      Collections.shuffle(parts, random);
      HistogramBuilder merged = new HistogramBuilder();
      parts.forEach(merged::addEncoded);

      assertThat(merged.encode()).as("seed %d", seed).isEqualTo(whole);
      assertThat(encoded(shuffled)).as("seed %d", seed).isEqualTo(whole);
    }
  }

  private static byte[] encoded(List<Double> values) {
    HistogramBuilder builder = new HistogramBuilder();
    values.forEach(builder::add);
    return builder.encode();
  }

  @ParameterizedTest
  @EnumSource
  void comesBackFromItsBytes(ValueKind kind) {
    HistogramBuilder used = new HistogramBuilder();
    for (int seed = 0; seed < RUNS; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      double[] values = kind.values(random.nextInt(1, 500), random);
      ExponentialHistogram histogram = ExponentialHistogram.of(values);
      byte[] bytes = histogram.encoded();

      assertThat(ExponentialHistogram.decode(bytes))
          .isEqualTo(histogram)
          .hasSameHashCodeAs(histogram);
      assertThat(histogram.count())
          .isEqualTo(Arrays.stream(values).filter(value -> !Double.isNaN(value)).count());
      used.clear();
      for (double value : values) {
        used.add(value);
      }
      byte[] into = new byte[used.encodedBound() + 3];
      int end = used.encode(into, 3);
      assertThat(Arrays.copyOfRange(into, 3, end)).as("a builder used again").isEqualTo(bytes);
    }
  }

  @Test
  void scaleFollowsFromTheSpanOfEitherSign() {
    assertThat(ExponentialHistogram.of(3, 3 * 0x1p10).scale()).isEqualTo(4);
    assertThat(ExponentialHistogram.of(3, 3.2 * 0x1p10).scale()).isEqualTo(3);
    assertThat(ExponentialHistogram.of(-3, -3 * 0x1p20).scale()).isEqualTo(3);
    assertThat(ExponentialHistogram.of(1, -1e9).scale()).isEqualTo(4);
    assertThat(ExponentialHistogram.of(7, 7 * 0x1p40, -1).scale()).isEqualTo(2);
    assertThat(ExponentialHistogram.of(Double.MIN_VALUE, Double.MAX_VALUE).scale()).isEqualTo(-4);
    assertThat(
            ExponentialHistogram.of(1, 1e300)
                .merge(ExponentialHistogram.of(1e-300))
                .merge(ExponentialHistogram.of(-2, -3))
                .scale())
        .isEqualTo(-4);
  }

  @Test
  void quantilesAreWithinTwoPointTwoPercentOfTheExactOnesUpToASpanOf1024() {
    for (int seed = 0; seed < RUNS; seed++) {
      quantilesWithin(0.022, spanning(10, new SplittableRandom(seed)), seed);
    }
  }

  @Test
  void quantilesAreWithinFourPointFourPercentOfTheExactOnesUpToASpanOfAMillion() {
    for (int seed = 0; seed < RUNS; seed++) {
      quantilesWithin(0.044, spanning(20, new SplittableRandom(seed)), seed);
    }
  }

  /** Values of one sign, the least and the greatest a factor of 2^binades apart. */
  private static double[] spanning(int binades, RandomGenerator random) {
    double least = Math.exp(random.nextDouble(-300, 300));
    double sign = random.nextBoolean() ? 1 : -1;
    double[] values = new double[random.nextInt(2, 2_000)];
    boolean even = random.nextBoolean();
    for (int i = 0; i < values.length; i++) {
      double share = random.nextDouble();
      values[i] =
          sign
              * least
              * (even ? 1 + share * (Math.scalb(1.0, binades) - 1) : Math.pow(2, share * binades));
    }
    values[0] = sign * least;
    values[values.length - 1] = sign * Math.scalb(least, binades);
    return values;
  }

  private static void quantilesWithin(double bound, double[] values, int seed) {
    ExponentialHistogram histogram = ExponentialHistogram.of(values);
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    for (int percent = 1; percent <= 99; percent++) {
      double exact = exactQuantile(sorted, percent / 100.0);
      assertThat(histogram.quantile(percent / 100.0))
          .as("p%d, seed %d", percent, seed)
          .isCloseTo(exact, within(bound * Math.abs(exact)));
    }
  }

  private static double exactQuantile(double[] sorted, double share) {
    double rank = share * (sorted.length - 1);
    int lower = (int) rank;
    double weight = rank - lower;
    return weight == 0 ? sorted[lower] : sorted[lower] * (1 - weight) + sorted[lower + 1] * weight;
  }

  /** Where the neighbours have different signs, the error is that of the greater of them. */
  @Test
  void quantilesOfMixedSignsAreWithinTheErrorOfTheRanksBeside() {
    for (int seed = 0; seed < RUNS; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      double[] values = new double[random.nextInt(1, 500)];
      for (int i = 0; i < values.length; i++) {
        int kind = random.nextInt(10);
        double size = random.nextDouble(1, 1_024);
        values[i] = kind == 0 ? 0 : kind < 5 ? size : -size;
      }
      ExponentialHistogram histogram = ExponentialHistogram.of(values);
      double[] sorted = values.clone();
      Arrays.sort(sorted);
      for (int percent = 0; percent <= 100; percent++) {
        double rank = percent / 100.0 * (sorted.length - 1);
        double beside =
            Math.max(Math.abs(sorted[(int) rank]), Math.abs(sorted[(int) Math.ceil(rank)]));
        assertThat(histogram.quantile(percent / 100.0))
            .as("p%d, seed %d", percent, seed)
            .isCloseTo(exactQuantile(sorted, percent / 100.0), within(0.022 * beside));
      }
    }
  }

  @Test
  void bearsEverySpecialValue() {
    assertThat(ExponentialHistogram.empty().quantile(0.5)).isNaN();
    assertThat(ExponentialHistogram.empty().count()).isZero();
    assertThat(ExponentialHistogram.of(Double.NaN)).isEqualTo(ExponentialHistogram.empty());
    assertThat(ExponentialHistogram.of(0.0, -0.0, 0.0).quantile(0.5)).isZero();
    assertThat(ExponentialHistogram.of(-0.0)).isEqualTo(ExponentialHistogram.of(0.0));
    ExponentialHistogram ends =
        ExponentialHistogram.of(
            Double.NEGATIVE_INFINITY, -1, 0, 1, Double.POSITIVE_INFINITY, Double.NaN);
    assertThat(ends.count()).isEqualTo(5);
    assertThat(ends.quantile(0)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(ends.quantile(0.25)).isCloseTo(-1, within(0.022));
    assertThat(ends.quantile(0.5)).isZero();
    assertThat(ends.quantile(1)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(ends.quantile(Double.NaN)).isNaN();
    assertThat(ends.quantile(-3)).isEqualTo(ends.quantile(0));
    assertThat(ends.quantile(3)).isEqualTo(ends.quantile(1));
    assertThat(ExponentialHistogram.of(Double.MAX_VALUE, Double.MAX_VALUE).quantile(0.3))
        .isCloseTo(Double.MAX_VALUE, within(0.022 * Double.MAX_VALUE));
    assertThat(ExponentialHistogram.of(Double.MIN_VALUE).quantile(0.5)).isEqualTo(Double.MIN_VALUE);
    assertThat(ExponentialHistogram.of(Double.MIN_VALUE, Double.MAX_VALUE).quantile(0))
        .isPositive();
  }

  @Test
  void countsBeyondTheRangeOfInt() {
    ExponentialHistogram histogram = ExponentialHistogram.of(1, 1, 1, 1_000, -5, 0);
    for (int i = 0; i < 40; i++) {
      histogram = histogram.merge(histogram);
    }

    assertThat(histogram.count()).isEqualTo(6L << 40);
    assertThat(histogram.quantile(0.01)).isCloseTo(-5, within(0.11));
    assertThat(histogram.quantile(0.25)).isZero();
    assertThat(histogram.quantile(0.5)).isCloseTo(1, within(0.022));
    assertThat(histogram.quantile(0.99)).isCloseTo(1_000, within(22.0));
    assertThat(ExponentialHistogram.decode(histogram.encoded())).isEqualTo(histogram);
  }

  @Test
  void refusesMoreValuesThanALongCounts() {
    ExponentialHistogram histogram = ExponentialHistogram.of(2, 3);
    for (int i = 0; i < 61; i++) {
      histogram = histogram.merge(histogram);
    }
    ExponentialHistogram most = histogram;
    HistogramBuilder builder = new HistogramBuilder();
    builder.addEncoded(most.encoded());

    assertThat(most.count()).isEqualTo(1L << 62);
    assertThat(most.quantile(1)).isCloseTo(3, within(0.066));
    assertThatIllegalArgumentException().isThrownBy(() -> most.merge(most));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.addEncoded(most.encoded()));
    assertThat(builder.build()).as("as it was").isEqualTo(most);
  }

  @Test
  void knowingTheEndsMakesEndsConstantsAndPairsExact() {
    HistogramBuilder builder = new HistogramBuilder();
    builder.add(10);
    assertThat(builder.quantile(0.5, 10, 10)).isEqualTo(10);
    builder.add(20);
    assertThat(builder.quantile(0.25, 10, 20)).isEqualTo(12.5);
    builder.add(17);
    assertThat(builder.quantile(0, 10, 20)).isEqualTo(10);
    assertThat(builder.quantile(0.5, 10, 20)).isCloseTo(17, within(0.37));
    assertThat(builder.quantile(1, 10, 20)).isEqualTo(20);
  }
}
