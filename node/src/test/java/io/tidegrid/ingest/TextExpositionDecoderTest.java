package io.tidegrid.ingest;

import static io.tidegrid.ingest.DecoderFixture.NOW;
import static io.tidegrid.ingest.DecoderFixture.errors;
import static io.tidegrid.ingest.DecoderFixture.samples;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.model.MetricMetadata;
import org.junit.jupiter.api.Test;

class TextExpositionDecoderTest {

  private final DecoderFixture fixture = new DecoderFixture();

  private DecodedBatch decode(String body) {
    return DecoderFixture.decode(fixture.decoders.text(false), body);
  }

  @Test
  void decodesSamplesAndMetadata() {
    DecodedBatch batch =
        decode(
            """
            # HELP http_requests_total The total \\\\ number\\nof requests.
            # TYPE http_requests_total counter
            http_requests_total{method="post",code="200"} 1027 %d
            http_requests_total{method="post",code="400",}    3

            # A comment
            escaped{path="C:\\\\DIR\\n\\"q\\" }"} 1.458255915e9
            no_labels 12.47
            empty{} +Inf
            low{ a = "b" , c="" } -Inf -%d
            gone NaN
            """
                .formatted(NOW + 7, 1));

    assertThat(samples(batch))
        .containsExactly(
            "2: http_requests_total{code=\"200\",method=\"post\"} 1027.0 @7",
            "3: http_requests_total{code=\"400\",method=\"post\"} 3.0 @0",
            "6: escaped{path=\"C:\\\\DIR\\n\\\"q\\\" }\"} 1.458255915E9 @0",
            "7: no_labels 12.47 @0",
            "8: empty Infinity @0",
            "9: low{a=\"b\"} -Infinity @" + (-1 - NOW),
            "10: gone NaN @0");
    assertThat(batch.metadata())
        .containsExactly(
            new MetricMetadata(
                "http_requests_total", "counter", "", "The total \\ number\nof requests."));
    assertThat(batch.rejected()).isZero();
  }

  @Test
  void readsOpenMetrics() {
    DecodedBatch batch =
        DecoderFixture.decode(
            fixture.decoders.text(true),
            """
            # TYPE latency_seconds histogram
            # UNIT latency_seconds seconds
            latency_seconds_bucket{le="0.1"} 8 1750000000.123 # {trace_id="abc"} 0.05 1750000000.1
            latency_seconds_count 8 # {a="b"} 1
            {"my.metric",region="eu"} 2
            # EOF
            """);

    assertThat(samples(batch))
        .containsExactly(
            "2: latency_seconds_bucket{le=\"0.1\"} 8.0 @123",
            "3: latency_seconds_count 8.0 @0",
            "4: my.metric{region=\"eu\"} 2.0 @0");
    assertThat(batch.metadata())
        .containsExactly(new MetricMetadata("latency_seconds", "histogram", "seconds", ""));
  }

  @Test
  void predictionDoesNotMistakeALongerName() {
    String usual = "a 1\nab 2\n";
    decode(usual);
    decode(usual);

    assertThat(samples(decode("a 1\nabc 2\na{x=\"y\"} 3\nab{} 4\nab 5")))
        .containsExactly(
            "0: a 1.0 @0", "1: abc 2.0 @0", "2: a{x=\"y\"} 3.0 @0", "3: ab 4.0 @0", "4: ab 5.0 @0");
  }

  @Test
  void aNameFollowedByBlanksAndBracesIsOneSeries() {
    String usual = "first 1\nsecond 2\n";
    decode(usual);
    decode(usual);

    assertThat(samples(decode("first 1\nsecond {a=\"b\"} 3\n")))
        .containsExactly("0: first 1.0 @0", "1: second{a=\"b\"} 3.0 @0");
  }

  @Test
  void rejectsBadLinesAndKeepsTheOthers() {
    DecodedBatch batch =
        decode(
            String.join(
                "\n",
                "<html>",
                "9lives 1",
                "novalue",
                "m{a=\"b\" 1",
                "m{a=b} 1",
                "m{a=\"b\"c=\"d\"} 1",
                "m{a=\"1\",a=\"2\"} 1",
                "m x",
                "m 1 tomorrow",
                "m 1 1.5",
                "m 1 99999999999999999999",
                "{a=\"b\"} 1",
                "m 1 2 3",
                "n".repeat(10_000) + " 1",
                "good 1"));

    assertThat(samples(batch)).containsExactly("14: good 1.0 @0");
    assertThat(batch.rejected()).isEqualTo(14);
    assertThat(errors(batch))
        .contains(
            "3 INVALID_VALUE the labels have no closing brace",
            "6 INVALID_VALUE the label a is given twice",
            "7 INVALID_VALUE the value \"x\" is not a number",
            "8 INVALID_TIME the time \"tomorrow\" is not a number",
            "13 LABEL_LIMIT the metric name has 10000 bytes, at most 512 are allowed");
  }
}
