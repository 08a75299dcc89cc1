package io.tidegrid.ingest;

import static io.tidegrid.ingest.DecoderFixture.NOW;
import static io.tidegrid.ingest.DecoderFixture.errors;
import static io.tidegrid.ingest.DecoderFixture.samples;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.TidegridException;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonDecoderTest {

  private final DecoderFixture fixture = new DecoderFixture();

  private DecodedBatch decode(String body) {
    return DecoderFixture.decode(fixture.decoders.json(), body);
  }

  private TidegridException refusal(String body) {
    return catchThrowableOfType(TidegridException.class, () -> decode(body));
  }

  @Test
  void decodesASingleMetric() {
    DecodedBatch batch =
        decode(
            """
            {
              "metric_name": "cpu_usage",
              "value": 75.5,
              "timestamp": "2025-06-15T15:06:40Z",
              "labels": {"host": "server1", "region": "us-west"}
            }
            """);

    assertThat(samples(batch))
        .containsExactly("0: cpu_usage{host=\"server1\",region=\"us-west\"} 75.5 @0");
    assertThat(batch.metadata()).isEmpty();
  }

  @Test
  void decodesABatchWithTypeUnitAndHelp() {
    DecodedBatch batch =
        decode(
            """
            {"metrics": [
              {"name": "cpu", "type": "Gauge", "value": 45.2, "labels": {"host": "a"},
               "help_text": "CPU \\u0041", "unit": "percent"},
              {"name": "mem", "type": "gauge", "value": 78.5, "labels": {"host": "a"}},
              {"name": "cpu", "value": 1, "labels": {"host": "b"}, "unit": "ratio"}
            ]}
            """);

    assertThat(samples(batch))
        .containsExactly(
            "0: cpu{host=\"a\"} 45.2 @0",
            "1: mem{host=\"a\"} 78.5 @0",
            "2: cpu{host=\"b\"} 1.0 @0");
    assertThat(batch.metadata())
        .containsExactly(
            new MetricMetadata("cpu", "gauge", "ratio", "CPU A"),
            new MetricMetadata("mem", "gauge", "", ""));
  }

  @Test
  void decodesDimensionsAndMetadata() {
    assertThat(
            samples(
                decode(
                    """
                    {"metric_name": "revenue", "value": 1250.50,
                     "dimensions": {"region": "us-west", "plan": "pro"},
                     "metadata": {"source": "stripe", "deep": [1, {"a": null}]}}
                    """)))
        .containsExactly("0: revenue{plan=\"pro\",region=\"us-west\"} 1250.5 @0");
  }

  @Test
  void takesATopLevelArrayAndEmptyBatches() {
    assertThat(samples(decode("[{\"name\":\"a\",\"value\":1},{\"value\":-2e3,\"name\":\"b\"}]")))
        .containsExactly("0: a 1.0 @0", "1: b -2000.0 @0");
    assertThat(decode("[]").samples().size()).isZero();
    assertThat(decode(" {\"metrics\" : [ ] } ").samples().size()).isZero();
    assertThat(samples(decode("\uFEFF{\"name\":\"a\",\"value\":1}"))).hasSize(1);
  }

  @Test
  void sharesKeysAndFindsThemInAnotherOrder() {
    String rows =
        "[{\"name\":\"a\",\"value\":1,\"labels\":{\"h\":\"x\"}},"
            + "{\"name\":\"b\",\"value\":2,\"labels\":{\"h\":\"x\"}},"
            + "{\"labels\":{\"h\":\"x\"},\"name\":\"c\",\"value\":3},"
            + "{\"name\":\"d\",\"value\":4}]";
    DecodedBatch first = decode(rows);
    DecodedBatch second = decode(rows);
    for (int i = 0; i < 4; i++) {
      assertThat(second.samples().keys()[i]).isSameAs(first.samples().keys()[i]);
    }
    assertThat(
            samples(
                decode(
                    "[{\"name\":\"a\",\"value\":1,\"labels\":{\"h\":\"x\"}},"
                        + "{\"name\":\"c\",\"value\":2,\"labels\":{\"h\":\"x\"}},"
                        + "{\"labels\":{\"h\":\"y\"},\"name\":\"d\",\"value\":3},"
                        + "{\"name\":\"d\",\"value\":4}]")))
        .containsExactly(
            "0: a{h=\"x\"} 1.0 @0", "1: c{h=\"x\"} 2.0 @0", "2: d{h=\"y\"} 3.0 @0", "3: d 4.0 @0");
  }

  @Test
  void labelsMayBeNumbersBooleansAndAbsent() {
    assertThat(
            samples(
                decode(
                    "{\"name\":\"a\",\"value\":1,\"labels\":"
                        + "{\"n\":1.50,\"t\":true,\"z\":null,\"e\":\"\",\"u\":\"\\ud83d\\ude00\\n\"}}")))
        .containsExactly("0: a{n=\"1.50\",t=\"true\",u=\"😀\\n\"} 1.0 @0");
    assertThat(samples(decode("{\"name\":\"a\",\"value\":1,\"labels\":null}")))
        .containsExactly("0: a 1.0 @0");
  }

  @Test
  void ofAKeyGivenTwiceTheLastCounts() {
    assertThat(
            samples(
                decode(
                    "{\"name\":\"a\",\"metric_name\":\"b\",\"value\":\"x\",\"value\":2,"
                        + "\"labels\":{\"k\":\"1\",\"k\":\"2\"},\"n\\u0061me\":\"c\"}")))
        .containsExactly("0: c{k=\"2\"} 2.0 @0");
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "\"2025-06-15T15:06:40.123Z\"; 123",
        "\"2025-06-15T15:06:40.1239999\"; 123",
        "\"2025-06-15 15:06:41\"; 1000",
        "\"2025-06-15T17:06:40+02:00\"; 0",
        "\"2025-06-15T10:06:40-0500\"; 0",
        "\"2025-06-15T15:06Z\"; -40000",
        "\"2025-06-15\"; -54400000",
        "1750000000; 0",
        "1750000000.25; 250",
        "1750000000123; 123",
        "\"1750000000\"; 0",
        "null; 0"
      },
      delimiter = ';')
  void readsTimes(String timestamp, long offset) {
    assertThat(samples(decode("{\"name\":\"a\",\"value\":1,\"timestamp\":" + timestamp + "}")))
        .containsExactly("0: a 1.0 @" + offset);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"yesterday\"",
        "\"2025-13-01T00:00:00Z\"",
        "\"2025-02-29T00:00:00Z\"",
        "\"2025-01-01T25:00:00Z\"",
        "\"2025-01-01T00:00:00+1:00\"",
        "\"\"",
        "true",
        "[1]",
        "1e300",
        "1750000000000000000",
        "\"2025-01-01X00:00:00Z\"",
        "1e999"
      })
  void refusesWhatIsNoTime(String timestamp) {
    TidegridException e = refusal("{\"name\":\"a\",\"value\":1,\"timestamp\":" + timestamp + "}");

    assertThat(e.code()).isEqualTo(ErrorCode.INVALID_TIME);
    assertThat(e.errors()).extracting("pointer").containsExactly("/timestamp");
  }

  @Test
  void knowsCenturiesAndLeapYears() {
    for (String time :
        new String[] {
          "1900-03-01T00:00:00Z", "2000-02-29T12:00:00Z", "2200-12-31T23:59:59Z",
          "1969-12-31T23:59:59.999Z", "2024-02-29T00:00:00Z", "0001-01-01T00:00:00Z"
        }) {
      assertThat(TimeParser.parse(time)).isEqualTo(Instant.parse(time).toEpochMilli());
    }
  }

  @Test
  void aSingleBadRowNamesAllItsFields() {
    TidegridException e =
        refusal("{\"value\":\"75\",\"timestamp\":\"no\",\"labels\":[],\"unit\":5}");

    assertThat(e.code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(e.errors())
        .extracting("pointer")
        .containsExactly("/metric_name", "/value", "/timestamp", "/labels", "/unit");
    assertThat(e.errors().get(1).detail()).isEqualTo("value must be a number");
  }

  @ParameterizedTest
  @ValueSource(strings = {"NaN", "Infinity", "-Infinity", "1e999", "-1e999"})
  void refusesNumbersThatAreNotFinite(String value) {
    TidegridException e = refusal("{\"name\":\"a\",\"value\":" + value + "}");
    assertThat(e.code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(e.errors().get(0).pointer()).isEqualTo("/value");

    assertThat(
            samples(
                decode("[{\"name\":\"a\",\"value\":" + value + "},{\"name\":\"b\",\"value\":1}]")))
        .containsExactly("1: b 1.0 @0");
  }

  @Test
  void rejectsBadRowsAndKeepsTheOthers() {
    StringBuilder labels = new StringBuilder("{\"a\":\"b\"");
    for (int i = 0; i < 200; i++) {
      labels.append(",\"l").append(i).append("\":\"v\"");
    }
    DecodedBatch batch =
        decode(
            "{\"metrics\":["
                + String.join(
                    ",",
                    "{\"name\":\"a\",\"value\":\"1\"}",
                    "{\"name\":\"a\"}",
                    "{\"name\":7,\"value\":1}",
                    "{\"name\":\"\",\"value\":1}",
                    "{\"name\":\"a\",\"value\":1,\"labels\":{\"h/st\":{\"x\":1}}}",
                    "{\"name\":\"a\",\"value\":1,\"labels\":" + labels + "}}",
                    "{\"name\":\"" + "n".repeat(10_000) + "\",\"value\":1}",
                    "{\"name\":\"a\",\"value\":1,\"labels\":{\"__name__\":\"b\"}}",
                    "{\"name\":\"a\\ud800\",\"value\":1}",
                    "{\"name\":\"a\\u0000\",\"value\":1}",
                    "17",
                    "{\"name\":\"a\",\"value\":1,\"labels\":{\"\":\"b\"}}",
                    "{}",
                    "{\"name\":\"good\",\"value\":1}")
                + "]}");

    assertThat(samples(batch)).containsExactly("13: good 1.0 @0");
    assertThat(batch.rejected()).isEqualTo(13);
    assertThat(errors(batch))
        .containsExactly(
            "0 INVALID_VALUE /metrics/0/value: value must be a number",
            "1 INVALID_VALUE /metrics/1/value: value is missing; give a number",
            "2 INVALID_VALUE /metrics/2/name: name must be a string",
            "3 INVALID_VALUE /metrics/3/name: name must not be empty",
            "4 INVALID_VALUE /metrics/4/labels/h~1st: the value of a label must be a string",
            "5 LABEL_LIMIT /metrics/5/labels: the series has more than 64 labels; send fewer",
            "6 LABEL_LIMIT /metrics/6/name: the metric name has 10000 bytes, at most 512 are"
                + " allowed",
            "7 INVALID_VALUE /metrics/7/labels/__name__: the label __name__ holds the metric name;"
                + " give it as name",
            "8 INVALID_VALUE /metrics/8/name: the metric name is not valid UTF-8 text without NUL"
                + " characters",
            "9 INVALID_VALUE /metrics/9/name: the metric name is not valid UTF-8 text without NUL"
                + " characters",
            "10 INVALID_VALUE /metrics/10: must be an object",
            "11 INVALID_VALUE /metrics/11/labels: a label has an empty name; give every label a"
                + " name",
            "12 INVALID_VALUE /metrics/12/metric_name: metric_name is missing; give the name of the"
                + " metric");
  }

  @Test
  void countsAllBadRowsButNamesTheFirstHundred() {
    DecodedBatch batch = decode("[" + "{},".repeat(249) + "{}]");

    assertThat(batch.rejected()).isEqualTo(250);
    assertThat(batch.errors()).hasSize(100);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "  ",
        "hello",
        "{",
        "[",
        "{\"name\":\"a\",\"value\":1",
        "{\"name\":\"a\" \"value\":1}",
        "{\"name\":\"a\",\"value\":01}",
        "{\"name\":\"a\",\"value\":1.}",
        "{\"name\":\"a\",\"value\":+1}",
        "{\"name\":\"a\",\"value\":1,}",
        "{'name':'a'}",
        "{\"name\":\"a\\x\",\"value\":1}",
        "{\"name\":\"a\n\",\"value\":1}",
        "{\"name\":\"a\",\"value\":1}}",
        "{\"name\":\"a\",\"value\":1} {}",
        "[{\"name\":\"a\",\"value\":1}",
        "{\"name\":\"a\",\"value\":tru}",
        "{\"\\u00g0\":1}",
        "{\"name\":\"a\",\"value\":1,\"labels\":{\"a\":}}"
      })
  void refusesWhatIsNotJson(String body) {
    TidegridException e = refusal(body);

    assertThat(e.code()).isEqualTo(ErrorCode.NOT_PARSEABLE);
    assertThat(e.getMessage()).contains("at byte ");
  }

  @Test
  void refusesDeepNesting() {
    String deep = "[".repeat(100_000);
    assertThat(refusal("{\"x\":" + deep).code()).isEqualTo(ErrorCode.NOT_PARSEABLE);
    assertThat(refusal(deep).code()).isEqualTo(ErrorCode.NOT_PARSEABLE);
  }

  @Test
  void refusesOtherShapes() {
    assertThat(refusal("42").code()).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(refusal("{\"metrics\":{\"a\":1}}").errors())
        .extracting("pointer")
        .containsExactly("/metrics");
  }

  @Test
  void theArrivalTimeIsOnlyForRowsWithoutOne() {
    assertThat(decode("{\"name\":\"a\",\"value\":1}").samples().times()[0]).isEqualTo(NOW);
    assertThat(decode("{\"name\":\"a\",\"value\":1,\"timestamp\":0}").samples().times()[0])
        .isZero();
  }
}
