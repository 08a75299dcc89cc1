package io.tidegrid.ingest;

import static io.tidegrid.ingest.DecoderFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.TidegridException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever the bytes: samples, row errors, or a {@link TidegridException}; never anything else. */
class DecoderRobustnessTest {

  enum Format {
    REMOTE_WRITE,
    INFLUX,
    TEXT,
    OPEN_METRICS,
    JSON_BATCH,
    JSON_SINGLE;

    SampleDecoder decoder(Decoders decoders) {
      return switch (this) {
        case REMOTE_WRITE -> decoders.remoteWrite();
        case INFLUX -> decoders.influxLine("ns");
        case TEXT -> decoders.text(false);
        case OPEN_METRICS -> decoders.text(true);
        case JSON_BATCH, JSON_SINGLE -> decoders.json();
      };
    }

    /** A valid body before compression. */
    byte[] content() {
      return switch (this) {
        case REMOTE_WRITE ->
            new RemoteWriteBody()
                .series(NOW, 1.5, "__name__", "cpu", "host", "a")
                .series(NOW, 2.5, "__name__", "cpu", "host", "b")
                .message(
                    3, new RemoteWriteBody().number(1, 2).text(2, "cpu").text(4, "help").bytes())
                .message(
                    1,
                    new RemoteWriteBody()
                        .label("__name__", "cpu")
                        .sample(NOW, 1)
                        .sample(NOW + 1, 2)
                        .label("late", "x")
                        .message(4, new byte[] {8, 1})
                        .bytes())
                .bytes();
        case INFLUX ->
            lines(
                "cpu,host=a user=1.5,up=t,n=42i,s=\"x y\" 1750000000000000000",
                "# comment\r",
                "cpu,host=b\\ c user=2,t\\=x=1e5 1750000000000000000");
        case TEXT, OPEN_METRICS ->
            lines(
                "# HELP cpu a\\nb",
                "# TYPE cpu gauge",
                "cpu{host=\"a\",x=\"\\\"\\n\"} 1.5 1750000000",
                "cpu 2 # {a=\"b\"} 1",
                "{\"quoted\", a=\"b\"} NaN",
                "# EOF");
        case JSON_BATCH ->
            utf8(
                "{\"metrics\":[{\"metric_name\":\"cpu\",\"value\":-1.5e3,"
                    + "\"timestamp\":\"2025-06-15T15:06:40.5+02:00\",\"labels\":{\"h\":\"a\\u00e9\"}},"
                    + "{\"name\":\"é\",\"value\":1,\"dimensions\":{\"n\":1,\"t\":true},"
                    + "\"type\":\"gauge\",\"metadata\":{\"a\":[1,null]}}]}");
        case JSON_SINGLE ->
            utf8(
                "{\"name\":\"cpu\",\"value\":1,\"timestamp\":1750000000.5,"
                    + "\"labels\":{\"h\":\"\\ud83d\\ude00\"},\"unit\":\"s\"}");
      };
    }

    byte[] body(byte[] content) {
      return this == REMOTE_WRITE ? RemoteWriteBody.snappy(content) : content;
    }

    private static byte[] lines(String... lines) {
      return utf8(String.join("\n", lines) + '\n');
    }

    private static byte[] utf8(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }

  private final Decoders decoders = new DecoderFixture().decoders;

  private void decodeAnything(Format format, byte[] body) {
    try {
      DecodedBatch batch = DecoderFixture.decode(format.decoder(decoders), body);
      SampleBatch samples = batch.samples();
      for (int i = 0; i < samples.size(); i++) {
        assertThat(samples.keys()[i].labels().metricName()).isNotEmpty();
      }
    } catch (TidegridException expected) {
      assertThat(expected.getMessage()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void truncationAnywhere(Format format) {
    byte[] content = format.content();
    byte[] body = format.body(content);
    assertThatCode(() -> DecoderFixture.decode(format.decoder(decoders), body))
        .doesNotThrowAnyException();
    for (int length = 0; length <= body.length; length++) {
      decodeAnything(format, Arrays.copyOf(body, length));
      // The same, in an array that goes on behind the body.
      byte[] longer = body.clone();
      try {
        format.decoder(decoders).decode("default", longer, length, NOW);
      } catch (TidegridException expected) {
        assertThat(expected.code()).isNotNull();
      }
    }
    for (int length = 0; length <= content.length; length++) {
      decodeAnything(format, format.body(Arrays.copyOf(content, length)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void randomMutations(Format format) {
    Random random = new Random(7);
    byte[] content = format.content();
    List<byte[]> seeds = new ArrayList<>(List.of(content));
    for (int i = 0; i < 20_000; i++) {
      byte[] mutant = mutate(seeds.get(random.nextInt(seeds.size())), random);
      decodeAnything(format, format.body(mutant));
      if (format == Format.REMOTE_WRITE) {
        decodeAnything(format, mutate(format.body(content), random));
      }
      if (seeds.size() < 50) {
        seeds.add(mutant);
      }
    }
  }

  private static byte[] mutate(byte[] source, Random random) {
    byte[] mutant = source.clone();
    int changes = 1 + random.nextInt(4);
    for (int c = 0; c < changes && mutant.length > 1; c++) {
      int at = random.nextInt(mutant.length);
      switch (random.nextInt(5)) {
        case 0 -> mutant[at] = (byte) random.nextInt(256);
        case 1 -> mutant[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> mutant[at] = source[random.nextInt(source.length)];
        case 3 -> {
          byte[] shorter = Arrays.copyOf(mutant, mutant.length - 1);
          System.arraycopy(mutant, at + 1, shorter, at, mutant.length - at - 1);
          mutant = shorter;
        }
        default -> {
          int length = random.nextInt(mutant.length - at);
          byte[] longer = Arrays.copyOf(mutant, mutant.length + length);
          System.arraycopy(mutant, at, longer, at + length, mutant.length - at);
          mutant = longer.length > 4096 ? mutant : longer;
        }
      }
    }
    return mutant;
  }
}
