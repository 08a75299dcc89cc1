package io.tidegrid.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalReaderTest {

  private final DecimalReader reader = new DecimalReader();

  private void assertExact(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertThat(reader.read(bytes, 0, bytes.length, false)).as(text).isTrue();
    assertThat(reader.end()).isEqualTo(bytes.length);
    assertThat(Double.doubleToRawLongBits(reader.value()))
        .as(text)
        .isEqualTo(Double.doubleToRawLongBits(Double.parseDouble(text)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-0",
        "-0.0",
        "70.22",
        ".5",
        "5.",
        "+7",
        "007",
        "9007199254740993",
        "1e22",
        "1e23",
        "123456789012345678",
        "1234567890123456789012345",
        "4.9e-324",
        "2.2250738585072011e-308",
        "1.7976931348623157e308",
        "1e-400",
        "-1e400",
        "0.1",
        "3e-22",
        "9007199254740992e22",
        "0.000000000000000000000000001",
        "100000000000000000000000000000000000000000e-41"
      })
  void readsHardCases(String text) {
    assertExact(text);
  }

  @Test
  void readsRandomNumbers() {
    Random random = new Random(42);
    for (int i = 0; i < 20_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(value)) {
        assertExact(Double.toString(value));
      }
      assertExact(random.nextInt(1_000_000) + "." + random.nextInt(1_000_000));
      assertExact(random.nextLong() + "e" + (random.nextInt(60) - 30));
      assertExact(random.nextLong(1L << 54) + "e" + (random.nextInt(50) - 25));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-", ".", "e5", "1e", "1e+", "NaN", "-.", "x"})
  void refusesWhatIsNoNumber(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertThat(reader.read(bytes, 0, bytes.length, false)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"+1", ".5", "5.", "01", "-", "-01", "5.e1"})
  void refusesWhatJsonDoesNotAllow(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertThat(reader.read(bytes, 0, bytes.length, true)).isFalse();
  }
}
