package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.model.TidegridException;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeParserTest {

  private static final long NOW = Instant.parse("2025-12-04T00:00:00Z").toEpochMilli();

  @ParameterizedTest
  @CsvSource({
    "2025-12-03T12:00:00Z, 2025-12-03T12:00:00Z",
    "2025-12-03t12:00:00z, 2025-12-03T12:00:00Z",
    "2025-12-03T12:00:00+02:00, 2025-12-03T10:00:00Z",
    "2025-12-03T12:00:00 02:00, 2025-12-03T10:00:00Z",
    "2025-12-03T12:00:00-0530, 2025-12-03T17:30:00Z",
    "2025-12-03T12:00:00.123456Z, 2025-12-03T12:00:00.123Z",
    "2025-12-03T12:00:00, 2025-12-03T12:00:00Z",
    "2025-12-03 12:00, 2025-12-03T12:00:00Z",
    "2025-12-03, 2025-12-03T00:00:00Z",
    "1764763200, 2025-12-03T12:00:00Z",
    "1764763200.5, 2025-12-03T12:00:00.500Z",
    "1764763200500, 2025-12-03T12:00:00.500Z",
    "1.7647632e9, 2025-12-03T12:00:00Z",
    "now, 2025-12-04T00:00:00Z",
    "1h, 2025-12-03T23:00:00Z",
    "-1h30m, 2025-12-03T22:30:00Z",
    "7d, 2025-11-27T00:00:00Z",
    "2w, 2025-11-20T00:00:00Z"
  })
  void everyFormOfATimeIsRead(String text, Instant time) {
    assertThat(TimeParser.time(text, "start", NOW, true)).isEqualTo(time.toEpochMilli());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "noon",
        "2025-13-01",
        "2025-12-03T25:00:00Z",
        "2025-12-03T12:00:00+99:00",
        "1e99",
        "NaN",
        "Infinity",
        "--1",
        "99999999999999999999999",
        "1x",
        "999999999999y"
      })
  void whatIsNoTimeIsRefused(String text) {
    assertThatThrownBy(() -> TimeParser.time(text, "start", NOW, true))
        .isInstanceOf(TidegridException.class)
        .hasMessageContaining("is not a time");
  }

  @ParameterizedTest
  @CsvSource({"90s, 90000", "5m, 300000", "1h30m, 5400000", "500ms, 500", "15, 15000"})
  void durationsAreRead(String text, long ms) {
    assertThat(TimeParser.duration(text, "step")).isEqualTo(ms);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "0s", "-5m", "5 m", "m5", "1e20", "900000000000y", "5M"})
  void whatIsNoDurationIsRefused(String text) {
    assertThatThrownBy(() -> TimeParser.duration(text, "step"))
        .isInstanceOf(TidegridException.class)
        .hasMessageContaining("is not a duration");
  }
}
