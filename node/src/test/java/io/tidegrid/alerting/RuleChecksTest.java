package io.tidegrid.alerting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Comparison;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.TidegridException.FieldError;
import io.tidegrid.model.WindowFunction;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RuleChecksTest {

  private static AlertRule.Spec spec(AlertCondition condition, List<String> groupBy) {
    return new AlertRule.Spec(
        "a",
        "m",
        List.of(),
        groupBy,
        condition,
        "s",
        Duration.ZERO,
        Duration.ofSeconds(1),
        Map.of(),
        Map.of(),
        true,
        false);
  }

  private static List<String> problems(AlertRule.Spec spec) {
    TidegridException e =
        catchThrowableOfType(TidegridException.class, () -> RuleChecks.check(spec));
    return e.errors().stream().map(FieldError::pointer).toList();
  }

  @Test
  void allThatIsWrongIsSaidAtOnce() {
    AlertRule.Spec spec =
        new AlertRule.Spec(
            " ",
            "",
            List.of(Matcher.equal("__name__", "x")),
            List.of("a", "a"),
            new AlertCondition.Window(
                WindowFunction.AVG, Duration.ofDays(2), Comparison.GREATER, Double.NaN),
            "",
            Duration.ofSeconds(-1),
            Duration.ZERO,
            Map.of("severity", "x", "7up", "x"),
            Map.of("d", "{{ $labels.x"),
            true,
            true);
    assertThat(problems(spec))
        .containsExactlyInAnyOrder(
            "/name",
            "/metric_name",
            "/severity",
            "/matchers",
            "/threshold",
            "/condition",
            "/for_duration",
            "/evaluation_interval",
            "/group_by",
            "/each_sample",
            "/each_sample",
            "/labels/severity",
            "/labels/7up",
            "/annotations/d");
  }

  @Test
  void whatCanBeEvaluatedPasses() {
    assertThatCode(() -> RuleChecks.check(AlertMember.spec("a"))).doesNotThrowAnyException();
    assertThatCode(() ->
            RuleChecks.check(spec(new AlertCondition.Absent(Duration.ofMinutes(5)), List.of())))
        .doesNotThrowAnyException();
    assertThatCode(() ->
            RuleChecks.check(
                spec(
                    new AlertCondition.Window(
                        WindowFunction.RATE, Duration.ofMinutes(5), Comparison.LESS, 1),
                    List.of("host"))))
        .doesNotThrowAnyException();
    assertThat(problems(spec(new AlertCondition.Absent(Duration.ofMinutes(5)), List.of("host"))))
        .containsExactly("/group_by");
  }
}
