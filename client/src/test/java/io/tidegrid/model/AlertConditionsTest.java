package io.tidegrid.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What people write as conditions, and what they are told when it is none. */
class AlertConditionsTest {

  private static AlertCondition parse(String condition) {
    return AlertConditions.parse(condition, OptionalDouble.empty());
  }

  @Test
  void comparisonsWithAndWithoutTheirThreshold() {
    AlertCondition expected = new AlertCondition.Threshold(Comparison.GREATER, 80);
    assertThat(parse("> 80")).isEqualTo(expected);
    assertThat(parse(" >80.0 ")).isEqualTo(expected);
    assertThat(AlertConditions.parse("> 80", OptionalDouble.of(80.0))).isEqualTo(expected);
    assertThat(AlertConditions.parse(">", OptionalDouble.of(80.0))).isEqualTo(expected);
    assertThat(parse("<= -1.5e3"))
        .isEqualTo(new AlertCondition.Threshold(Comparison.LESS_OR_EQUAL, -1500));
    assertThat(parse("= 0")).isEqualTo(new AlertCondition.Threshold(Comparison.EQUAL, 0));
  }

  @Test
  void windowsAndAbsence() {
    assertThat(parse("avg(5m) > 80"))
        .isEqualTo(
            new AlertCondition.Window(
                WindowFunction.AVG, Duration.ofMinutes(5), Comparison.GREATER, 80));
    assertThat(parse("P99( 30s )>=3"))
        .isEqualTo(
            new AlertCondition.Window(
                WindowFunction.P99, Duration.ofSeconds(30), Comparison.GREATER_OR_EQUAL, 3));
    assertThat(AlertConditions.parse("rate(1m) >", OptionalDouble.of(10)))
        .isEqualTo(
            new AlertCondition.Window(
                WindowFunction.RATE, Duration.ofMinutes(1), Comparison.GREATER, 10));
    assertThat(parse("absent(5m)")).isEqualTo(new AlertCondition.Absent(Duration.ofMinutes(5)));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "> 80, > 80",
        "==0.25, == 0.25",
        "avg(300s) > 8e1, avg(5m) > 80",
        "stddev(90s) < 1e-9, stddev(90s) < 1E-9",
        "count(24h) != 3, count(1d) != 3",
        "absent(1500ms), absent(1500ms)",
        "< -Inf, < -Inf"
      })
  void whatIsWrittenIsReadBack(String written, String formatted) {
    AlertCondition condition = parse(written);
    assertThat(AlertConditions.format(condition)).isEqualTo(formatted);
    assertThat(parse(formatted)).isEqualTo(condition);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|the condition is empty",
        ">|lacks a number to compare with",
        "=> 5|\"=>\" is no comparison",
        "80|is no condition",
        "above 80|is no condition",
        "avg(5m)|say what avg(…) is compared with",
        "avg(5) > 1|\"5\" is none",
        "avg() > 1|takes the length of a window, such as avg(5m)",
        "avg(0s) > 1|must be longer than nothing and at most 1d",
        "avg(2d) > 1|must be longer than nothing and at most 1d",
        "avrg(5m) > 1|did you mean avg?",
        "p95th(5m) > 1|did you mean p95?",
        "absnt(5m)|did you mean absent?",
        "absent(5m) > 1|absent(…) is compared with nothing",
        "> 1e999|too large"
      })
  void anErrorSaysWhatToChange(String condition, String detail) {
    assertThatThrownBy(() -> parse(condition))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_VALUE))
        .hasMessageContaining(detail);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rate(http_requests_total[5m]) > 10",
        "sum by (job) (up) == 0",
        "up{job=\"x\"} == 0",
        "cpu_usage_percent > 80",
        "avg_over_time(cpu[5m]) > 3",
        "cpu_usage_percent"
      })
  void expressionsOfPromQlAreRefusedBySayingSo(String expression) {
    assertThatThrownBy(() -> parse(expression))
        .isInstanceOf(TidegridException.class)
        .hasMessageContaining("PromQL are not supported as conditions yet");
  }

  @Test
  void whatContradictsItselfIsRefused() {
    assertThatThrownBy(() -> AlertConditions.parse("> 80", OptionalDouble.of(90)))
        .hasMessageContaining("the condition says 80 and the threshold 90");
    assertThatThrownBy(() -> AlertConditions.parse("absent(5m)", OptionalDouble.of(90)))
        .hasMessageContaining("compared with nothing");
    assertThatThrownBy(() -> AlertConditions.parse(">", OptionalDouble.of(Double.NaN)))
        .hasMessageContaining("not a number");
    assertThatThrownBy(() -> parse(">".repeat(500)))
        .hasMessageContaining("longer than 200 characters");
  }

  @Test
  void fingerprintsTellTenantsRulesAndLabelsApart() {
    Labels a = Labels.of("__name__", "cpu", "host", "a");
    long one = AlertIdentity.fingerprint("t", "r", a);
    assertThat(AlertIdentity.fingerprint("t", "r", a)).isEqualTo(one);
    assertThat(AlertIdentity.fingerprint("u", "r", a)).isNotEqualTo(one);
    assertThat(AlertIdentity.fingerprint("t", "s", a)).isNotEqualTo(one);
    assertThat(AlertIdentity.fingerprint("t", "r", Labels.of("host", "a"))).isNotEqualTo(one);
    assertThat(AlertIdentity.text(255)).isEqualTo("00000000000000ff");
    assertThat(AlertIdentity.instanceId(255, 36)).isEqualTo("00000000000000ff-10");
  }
}
