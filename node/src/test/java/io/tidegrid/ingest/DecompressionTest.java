package io.tidegrid.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class DecompressionTest {

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  @Test
  void givesBackWhatWasCompressed() throws IOException {
    byte[] content = new byte[1_000_000];
    new Random(1).nextBytes(content);
    assertThat(Decompression.gzip(gzip(content), content.length)).isEqualTo(content);
    assertThat(Decompression.gzip(gzip(new byte[0]), 10)).isEmpty();
  }

  @Test
  void readsSeveralMembers() throws IOException {
    ByteArrayOutputStream two = new ByteArrayOutputStream();
    two.write(gzip(new byte[] {1, 2}));
    two.write(gzip(new byte[] {3}));
    assertThat(Decompression.gzip(two.toByteArray(), 10)).containsExactly(1, 2, 3);
  }

  @Test
  void stopsABomb() throws IOException {
    byte[] bomb = gzip(new byte[64 << 20]);
    assertThatThrownBy(() -> Decompression.gzip(bomb, 1 << 20))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BODY_TOO_LARGE));
    byte[] onePastTheLimit = gzip(new byte[101]);
    assertThatThrownBy(() -> Decompression.gzip(onePastTheLimit, 100))
        .isInstanceOf(TidegridException.class);
  }

  @Test
  void refusesWhatIsDamaged() throws IOException {
    byte[] content = new byte[500];
    new Random(2).nextBytes(content);
    byte[] good = gzip(content);
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> Decompression.gzip(cut, 1000))
          .isInstanceOfSatisfying(
              TidegridException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_PARSEABLE));
    }
  }
}
