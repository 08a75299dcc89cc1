package io.tidegrid.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BucketBoundsTest {

  private static final MathContext DIGITS = new MathContext(60);

  /** Returns 2^(i/16) for i from 0 to 16. */
  private static BigDecimal power(int i) {
    BigDecimal root = BigDecimal.TWO;
    for (int j = 0; j < ExponentialHistogram.MAX_SCALE; j++) {
      root = root.sqrt(DIGITS);
    }
    return root.pow(i, DIGITS);
  }

  private static int finestIndex(double value) {
    return BucketBounds.finestIndex(Double.doubleToRawLongBits(value));
  }

  /** The greatest i with 2^i <= value^16, in whole numbers. */
  private static int exactIndex(double value) {
    BigDecimal exact = new BigDecimal(value);
    int shift = 1_074;
    BigInteger scaled = exact.multiply(BigDecimal.TWO.pow(shift)).toBigIntegerExact();
    return scaled.pow(16).bitLength() - 1 - 16 * shift;
  }

  @Test
  void bucketsBeginAtTheDoublesNearestToPowersOfTwoToASixteenth() {
    for (int i = 0; i < 16; i++) {
      double mantissa = power(i).doubleValue();
      for (int exponent = -1_022; exponent <= 1_023; exponent += 5) {
        double bound = Math.scalb(mantissa, exponent);
        assertThat(finestIndex(bound)).isEqualTo(exponent * 16 + i);
        assertThat(finestIndex(-bound)).isEqualTo(exponent * 16 + i);
        assertThat(finestIndex(Math.nextUp(bound))).isEqualTo(exponent * 16 + i);
        if (bound > Double.MIN_NORMAL) {
          assertThat(finestIndex(Math.nextDown(bound))).isEqualTo(exponent * 16 + i - 1);
        }
      }
    }
  }

  @Test
  void everyOtherValueIsInItsBucket() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 1_000; i++) {
      double value = Math.abs(Double.longBitsToDouble(random.nextLong()));
      if (Double.isFinite(value) && value > 0) {
        assertThat(finestIndex(value)).as("%s", value).isEqualTo(exactIndex(value));
      }
    }
  }

  @Test
  void denormalsAreInTheirBuckets() {
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < 1_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong(1, 1L << random.nextInt(1, 53)));
      assertThat(finestIndex(value)).as("%s", value).isEqualTo(exactIndex(value));
    }
    assertThat(finestIndex(Double.MIN_VALUE)).isEqualTo(BucketBounds.least(4));
    assertThat(finestIndex(Double.MAX_VALUE)).isEqualTo(BucketBounds.greatest(4));
  }

  @Test
  void allDoublesFitAtTheCoarsestScaleAndNoFiner() {
    int scale = BucketBounds.MIN_SCALE;

    assertThat(BucketBounds.greatest(scale) - BucketBounds.least(scale))
        .isLessThan(ExponentialHistogram.MAX_BUCKETS);
    assertThat(BucketBounds.greatest(scale + 1) - BucketBounds.least(scale + 1))
        .isGreaterThanOrEqualTo(ExponentialHistogram.MAX_BUCKETS);
  }

  @Test
  void middlesAreEquallyFarFromBothBoundsAndNeverZeroNorInfinite() {
    for (int scale = BucketBounds.MIN_SCALE; scale <= ExponentialHistogram.MAX_SCALE; scale++) {
      double factor = Math.pow(2, Math.pow(2, -scale));
      for (int i = BucketBounds.least(scale); i <= BucketBounds.greatest(scale); i++) {
        double middle = BucketBounds.middle(i, scale);
        assertThat(middle).isPositive().isFinite();
        double low = Math.pow(2, i * Math.pow(2, -scale));
        if (low > Double.MIN_NORMAL) {
          double error = (factor - 1) / (factor + 1);
          assertThat(middle / low - 1).isCloseTo(error, within(1e-9));
          assertThat(1 - middle / factor / low).isCloseTo(error, within(1e-9));
        }
      }
    }
  }
}
