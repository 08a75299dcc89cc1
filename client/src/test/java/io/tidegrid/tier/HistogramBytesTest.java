package io.tidegrid.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bytes that a database may hold, whoever wrote them. */
class HistogramBytesTest {

  private static final List<ValueKind> KINDS = List.of(ValueKind.values());
  private static final byte[] HELD = ExponentialHistogram.of(1, 2, -3, 0, 1e6).encoded();

  @Test
  void theFormStays() {
    assertThat(hex(ExponentialHistogram.empty().encoded())).isEqualTo("080000000000");
    assertThat(hex(ExponentialHistogram.of(1).encoded())).isEqualTo("080000000100010" + "0");
    assertThat(
            hex(
                ExponentialHistogram.of(
                        0, 1, 1, 2, 0.5, -4, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)
                    .encoded()))
        .isEqualTo("08010101031f01100210" + "01" + "01" + "40" + "01");
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @ParameterizedTest
  @CsvSource({
    "'', it ends early",
    "08, it ends early",
    "0800000000, it ends early",
    "08000000000000, bytes after its end",
    "0a0000000000, scale 5",
    "090000000000, scale -5",
    "ffffffffffffffffff01000000000000, scale",
    "88808080200000000000, scale",
    "0800000001000000, an empty bucket",
    "08000000020001000100, apart",
    "08000000a201, 162 buckets",
    "08000000ffffffffffffffffff01, buckets",
    "080000000200 01 a201 01 00, apart",
    "0800000003 00 01 5f01 5f01 00, too far apart",
    "0800000002 00 01 ffffffffffffffffff01 01 00, apart",
    "0800000001 ffffffffffffffffff01 01 00, index",
    "0800000001 80800201 00, index 16384",
    "08ffffffffffffffffff0100000000, counted",
    "08ffffffffffffffff7f010000 00, counted",
    "0800000001 00 ffffffffffffffffff01 00, counted",
    "08ffffffffffffffffff0200000000, written",
    "08ffffffffffffffffff8001 00000000, too long",
    "8800 0000000000, written",
    "088000 0000 00 00, written",
    "060000000000, coarser",
    "0600000002 00 01 4f 01 00, coarser",
  })
  void whatIsNoHistogramIsRefusedAndChangesNothing(String bytes, String why) {
    byte[] encoded = HexFormat.of().parseHex(bytes.replace(" ", ""));
    HistogramBuilder builder = new HistogramBuilder();
    builder.addEncoded(HELD);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.addEncoded(encoded))
        .withMessageContaining(why);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ExponentialHistogram.decode(encoded))
        .withMessageContaining(why);
    assertThat(builder.encode()).isEqualTo(HELD);
  }

  /** What is accepted is what would be written, so equal histograms have equal bytes. */
  @Test
  void damagedAndRandomBytesAreRefusedOrAreTheFormOfAHistogram() {
    int accepted = 0;
    for (int seed = 0; seed < 20_000; seed++) {
      RandomGenerator random = new SplittableRandom(seed);
      byte[] bytes = seed % 4 == 0 ? randomBytes(random) : damaged(random);
      ExponentialHistogram read;
      try {
        read = ExponentialHistogram.decode(bytes);
      } catch (IllegalArgumentException e) {
        assertThat(e).hasMessageStartingWith("not a histogram: ");
        continue;
      }
      accepted++;
      assertThat(read.encoded()).as("seed %d", seed).isEqualTo(bytes);
      assertThat(read.count()).isNotNegative();
      // NaN is between infinities of both signs and in an empty histogram.
      assertThat(read.quantile(0.98) > read.quantile(0.99)).as("seed %d", seed).isFalse();
    }
    assertThat(accepted).isPositive();
  }

  private static byte[] randomBytes(RandomGenerator random) {
    byte[] bytes = new byte[random.nextInt(40)];
    random.nextBytes(bytes);
    if (bytes.length > 4) {
      bytes[0] = (byte) random.nextInt(9);
      bytes[4] = (byte) random.nextInt(4);
    }
    return bytes;
  }

  private static byte[] damaged(RandomGenerator random) {
    byte[] bytes =
        ExponentialHistogram.of(
                KINDS.get(random.nextInt(KINDS.size())).values(random.nextInt(1, 50), random))
            .encoded();
    if (random.nextInt(3) == 0) {
      return Arrays.copyOf(bytes, random.nextInt(bytes.length + 3));
    }
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    return bytes;
  }

  @Test
  void readsAPartOfAnArray() {
    byte[] around = new byte[HELD.length + 7];
    Arrays.fill(around, (byte) 0xFF);
    System.arraycopy(HELD, 0, around, 5, HELD.length);
    HistogramBuilder builder = new HistogramBuilder();

    builder.addEncoded(around, 5, 5 + HELD.length);

    assertThat(builder.encode()).isEqualTo(HELD);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.addEncoded(around, 5, 4 + HELD.length));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.addEncoded(around, 5, 6 + HELD.length));
  }
}
