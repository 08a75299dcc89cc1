package io.tidegrid.ingest;

import static io.tidegrid.ingest.DecoderFixture.NOW;
import static io.tidegrid.ingest.DecoderFixture.errors;
import static io.tidegrid.ingest.DecoderFixture.samples;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RemoteWriteDecoderTest {

  private final DecoderFixture fixture = new DecoderFixture();

  private DecodedBatch decode(RemoteWriteBody body) {
    return DecoderFixture.decode(fixture.decoders.remoteWrite(), body.snappy());
  }

  @Test
  void decodesSeriesWithAnyNumberOfSamples() {
    byte[] two =
        new RemoteWriteBody()
            .label("__name__", "up")
            .label("job", "a")
            .sample(NOW, 1)
            .sample(NOW + 5, 0)
            .bytes();
    DecodedBatch batch =
        decode(
            new RemoteWriteBody()
                .message(1, two)
                .series(NOW - 1, 2.5, "__name__", "load", "b", "é"));

    assertThat(samples(batch))
        .containsExactly(
            "0: up{job=\"a\"} 1.0 @0", "0: up{job=\"a\"} 0.0 @5", "1: load{b=\"é\"} 2.5 @-1");
    assertThat(batch.rejected()).isZero();
  }

  @Test
  void sharesOneKeyBetweenRequestsAndOrdersLabels() {
    RemoteWriteBody body =
        new RemoteWriteBody()
            .series(NOW, 1, "__name__", "m", "a", "1", "b", "2")
            .series(NOW, 2, "b", "2", "__name__", "m", "a", "1");
    DecodedBatch first = decode(body);
    DecodedBatch second = decode(body);

    SeriesKey[] keys = first.samples().keys();
    assertThat(keys[0]).isEqualTo(keys[1]);
    assertThat(second.samples().keys()[0]).isSameAs(keys[0]);
    assertThat(second.samples().keys()[1]).isSameAs(keys[1]);
  }

  @Test
  void predictionSurvivesAnotherOrderAndALongerSeries() {
    RemoteWriteBody usual =
        new RemoteWriteBody()
            .series(NOW, 1, "__name__", "a")
            .series(NOW, 2, "__name__", "b")
            .series(NOW, 3, "__name__", "c");
    decode(usual);
    decode(usual);

    // After "a" comes "b" plus one label: the bytes begin as predicted but go on.
    assertThat(
            samples(
                decode(
                    new RemoteWriteBody()
                        .series(NOW, 1, "__name__", "a")
                        .series(NOW, 2, "__name__", "b", "x", "y")
                        .series(NOW, 3, "__name__", "c"))))
        .containsExactly("0: a 1.0 @0", "1: b{x=\"y\"} 2.0 @0", "2: c 3.0 @0");
  }

  @Test
  void keepsEveryBitOfAValue() {
    long stale = 0x7FF0000000000002L;
    byte[] series =
        new RemoteWriteBody()
            .label("__name__", "m")
            .message(2, new RemoteWriteBody().fixed64(1, stale).number(2, NOW).bytes())
            .sample(NOW, Double.NEGATIVE_INFINITY)
            .sample(NOW, -0.0)
            .bytes();
    double[] values = decode(new RemoteWriteBody().message(1, series)).samples().values();

    assertThat(Double.doubleToRawLongBits(values[0])).isEqualTo(stale);
    assertThat(values[1]).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(Double.doubleToRawLongBits(values[2])).isEqualTo(Double.doubleToRawLongBits(-0.0));
  }

  @Test
  void understandsWhatOtherWritersMayLegallySend() {
    byte[] omittedZeros =
        new RemoteWriteBody()
            .label("__name__", "zero")
            .message(2, new RemoteWriteBody().number(2, NOW).bytes())
            .bytes();
    byte[] otherOrder =
        new RemoteWriteBody()
            .label("b", "2")
            .message(
                2,
                new RemoteWriteBody()
                    .number(2, NOW)
                    .number(9, 7)
                    .fixed64(1, Double.doubleToRawLongBits(4.5))
                    .bytes())
            .label("__name__", "late")
            .text(77, "unknown")
            .bytes();
    DecodedBatch batch =
        decode(
            new RemoteWriteBody()
                .message(1, omittedZeros)
                .number(99, 1)
                .message(1, otherOrder)
                .message(1, otherOrder));

    assertThat(samples(batch))
        .containsExactly("0: zero 0.0 @0", "1: late{b=\"2\"} 4.5 @0", "2: late{b=\"2\"} 4.5 @0");
    assertThat(batch.rejected()).isZero();
  }

  @Test
  void rejectsBadSeriesAndKeepsTheOthers() {
    RemoteWriteBody many = new RemoteWriteBody().label("__name__", "many");
    for (int i = 0; i < 200; i++) {
      many.label("l" + i, "v");
    }
    byte[] badUtf8 =
        new RemoteWriteBody()
            .label("__name__", "m")
            .message(
                1, new RemoteWriteBody().text(1, "x").message(2, new byte[] {(byte) 0xC0}).bytes())
            .sample(NOW, 1)
            .bytes();
    DecodedBatch batch =
        decode(
            new RemoteWriteBody()
                .series(NOW, 1, "job", "a")
                .series(NOW, 1, "__name__", "m", "a", "1", "a", "2")
                .message(1, many.sample(NOW, 1).bytes())
                .message(1, badUtf8)
                .series(NOW, 1, "__name__", "n".repeat(10_000))
                .series(NOW, 1, "__name__", "m", "", "v")
                .series(NOW, 1, "__name__", "m", "v", "x".repeat(5000))
                .series(NOW, 7, "__name__", "good"));

    assertThat(samples(batch)).containsExactly("7: good 7.0 @0");
    assertThat(batch.rejected()).isEqualTo(7);
    assertThat(errors(batch))
        .containsExactly(
            "0 INVALID_VALUE the series has no metric name; give it one (the label __name__)",
            "1 INVALID_VALUE the label a is given twice",
            "2 LABEL_LIMIT the series has more than 64 labels; send fewer",
            "3 INVALID_VALUE the value of the label x is not valid UTF-8 text without NUL characters",
            "4 LABEL_LIMIT the metric name has 10000 bytes, at most 512 are allowed",
            "5 INVALID_VALUE a label has an empty name; give every label a name",
            "6 LABEL_LIMIT the value of the label v has 5000 bytes, at most 4096 are allowed");
  }

  @Test
  void reportsNativeHistogramsAndSkipsExemplars() {
    byte[] histogram =
        new RemoteWriteBody().label("__name__", "h").message(4, new byte[] {8, 1}).bytes();
    byte[] exemplar =
        new RemoteWriteBody()
            .label("__name__", "e")
            .sample(NOW, 1)
            .message(3, new byte[] {1, 2, 3})
            .bytes();
    DecodedBatch batch = decode(new RemoteWriteBody().message(1, histogram).message(1, exemplar));

    assertThat(samples(batch)).containsExactly("1: e 1.0 @0");
    assertThat(batch.rejected()).isEqualTo(1);
    assertThat(errors(batch).get(0)).startsWith("0 INVALID_VALUE native histograms are not stored");
  }

  @Test
  void collectsMetadata() {
    byte[] metadata =
        new RemoteWriteBody()
            .number(1, 1)
            .text(2, "requests")
            .text(4, "Help.")
            .text(5, "s")
            .bytes();

    assertThat(decode(new RemoteWriteBody().message(3, metadata)).metadata())
        .containsExactly(new MetricMetadata("requests", "counter", "s", "Help."));
  }

  @Test
  void keepsTenantsApart() {
    byte[] body = new RemoteWriteBody().series(NOW, 1, "__name__", "m").snappy();
    SampleDecoder decoder = fixture.decoders.remoteWrite();
    SeriesKey a = decoder.decode("a", body, body.length, NOW).samples().keys()[0];
    SeriesKey b = decoder.decode("b", body, body.length, NOW).samples().keys()[0];

    assertThat(a.tenant()).isEqualTo("a");
    assertThat(b.tenant()).isEqualTo("b");
  }

  @Test
  void refusesABombBeforeAllocatingForIt() {
    // Says 4 GB.
    byte[] liar = {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F, 0, 0};
    assertRefused(liar, ErrorCode.BODY_TOO_LARGE);
    // Says 100 MB, within the limit, but seven bytes cannot hold that.
    byte[] smallLiar = new RemoteWriteBody().varint(100_000_000).raw(new byte[] {0, 0}).bytes();
    assertRefused(smallLiar, ErrorCode.NOT_PARSEABLE);
    byte[] bomb = RemoteWriteBody.snappy(new byte[(128 << 20) + 1]);
    assertRefused(bomb, ErrorCode.BODY_TOO_LARGE);
  }

  @Test
  void refusesWhatIsNotSnappyOrNotARequest() {
    assertRefused(new byte[0], ErrorCode.NOT_PARSEABLE);
    assertRefused(
        "{\"metrics\":[]}".getBytes(java.nio.charset.StandardCharsets.UTF_8),
        ErrorCode.NOT_PARSEABLE);
    byte[] good = new RemoteWriteBody().series(NOW, 1, "__name__", "m").snappy();
    assertRefused(Arrays.copyOf(good, good.length - 3), ErrorCode.NOT_PARSEABLE);
    // Remote-write 2.0: symbols are field 4, series field 5.
    assertRefused(
        new RemoteWriteBody().text(4, "").message(5, new byte[0]).snappy(),
        ErrorCode.NOT_PARSEABLE);
    for (long length : new long[] {1000, Integer.MAX_VALUE, 1L << 31, Long.MAX_VALUE, -1}) {
      assertRefused(
          new RemoteWriteBody().varint(0x0A).varint(length).raw(new byte[20]).snappy(),
          ErrorCode.NOT_PARSEABLE);
    }
  }

  private void assertRefused(byte[] body, ErrorCode code) {
    assertThatThrownBy(() -> DecoderFixture.decode(fixture.decoders.remoteWrite(), body))
        .isInstanceOfSatisfying(TidegridException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void takesAnEmptyRequest() {
    assertThat(decode(new RemoteWriteBody()).samples().size()).isZero();
  }
}
