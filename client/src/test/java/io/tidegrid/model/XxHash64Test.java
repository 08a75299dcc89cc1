package io.tidegrid.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.xxhash.XxHash64Hasher;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class XxHash64Test {

  private static final long PRIME32 = 2654435761L;

  /** The sanity checks of the reference implementation, over the buffer it makes. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, EF46DB3751D8E999",
    "0, 2654435761, AC75FDA2929B17EF",
    "1, 0, E934A84ADB052768",
    "1, 2654435761, 5014607643A9B4C3",
    "4, 0, 9136A0DCA57457EE",
    "14, 0, 8282DCC4994E35C8",
    "14, 2654435761, C3BD6BF63DEB6DF0",
    "222, 0, B641AE8CB691C174",
    "222, 2654435761, 20CB8AB7AE10C14A"
  })
  void publishedVectors(int length, long seed, String expected) {
    byte[] buffer = new byte[222];
    long generator = PRIME32;
    for (int i = 0; i < buffer.length; i++) {
      buffer[i] = (byte) (generator >>> 56);
      generator *= 0x9E3779B185EBCA8DL;
    }
    assertThat(
            Long.toHexString(XxHash64.hash(buffer, 0, length, seed))
                .toUpperCase(java.util.Locale.ROOT))
        .isEqualTo(expected);
  }

  @Test
  void wellKnownTexts() {
    assertThat(hash("abc")).isEqualTo(0x44BC2CF5AD770999L);
    assertThat(hash("a")).isEqualTo(0xD24EC4F1A98C6E5BL);
  }

  private static long hash(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return XxHash64.hash(bytes, 0, bytes.length, 0);
  }

  @Test
  void agreesWithAnotherImplementationAtAnyOffsetLengthAndSeed() {
    SplittableRandom random = new SplittableRandom(1);
    byte[] bytes = new byte[300];
    for (int i = 0; i < 20_000; i++) {
      random.nextBytes(bytes);
      int offset = random.nextInt(9);
      int length = random.nextInt(bytes.length - offset);
      long seed = random.nextLong();
      assertThat(XxHash64.hash(bytes, offset, length, seed))
          .as("offset %s length %s seed %s", offset, length, seed)
          .isEqualTo(XxHash64Hasher.hash(bytes, offset, length, seed));
    }
  }

  @Test
  void refusesARangeOutsideTheArray() {
    assertThatThrownBy(() -> XxHash64.hash(new byte[4], 2, 3, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
