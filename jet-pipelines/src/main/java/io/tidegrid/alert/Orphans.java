package io.tidegrid.alert;

import io.tidegrid.model.AlertCondition;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.AlertState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Stands in for rules that are no more while their alerts are ended. */
final class Orphans {

  private Orphans() {}

  /**
   * Returns a rule that no series meets, under the name and version by which a state was judged.
   */
  static CompiledRule ruleOf(AlertState state) {
    return new CompiledRule(
        new AlertRule(
            state.tenant(),
            state.ruleId(),
            state.ruleVersion(),
            new AlertRule.Spec(
                state.ruleId(),
                state.labels().metricName(),
                List.of(),
                List.of(),
                new AlertCondition.Absent(Duration.ofDays(1)),
                "none",
                Duration.ZERO,
                Duration.ofMinutes(1),
                Map.of(),
                Map.of(),
                false,
                false),
            Instant.EPOCH,
            Instant.EPOCH));
  }
}
