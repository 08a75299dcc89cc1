package io.tidegrid.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AlertTemplateTest {

  private static final Map<String, String> LABELS = Map.of("host", "server01", "rack", "r7");

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "plain text; plain text",
        "{{ $labels.host }} in {{$labels.rack}}; server01 in r7",
        "{{ index $labels \"host\" }}; server01",
        "[{{ $labels.nothing }}]; []",
        "{{ $value }}; 1234.5",
        "{{ $value | humanize }}; 1.234k",
        "{{ $value | humanize1024 }}; 1.206Ki",
        "{{ $value | humanizePercentage }}; 123400%",
        "{{ $value | humanizeDuration }}; 20m 34s",
        "{{ $value | printf \"%.2f\" }}; 1234.50",
        "{{ printf \"%.0f%%\" $value }}; 1234%",
        "{{ printf \"%8.1f|\" $value }};   1234.5|",
        "{{ $labels.host | toUpper }}; SERVER01",
        "{{- $labels.host | title -}}; Server01",
      })
  void textsAreFilledIn(String template, String wanted) {
    assertThat(AlertTemplate.problem(template)).isEmpty();
    assertThat(AlertTemplate.render(template, LABELS, 1234.5).strip()).isEqualTo(wanted.strip());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ $labels.host",
        "{{ }}",
        "{{ value }}",
        "{{ $value | nothing }}",
        "{{ $value | }}",
        "{{ printf \"%q\" $value }}",
        "{{ printf \"%f %f\" $value }}",
        "{{ printf \"%\" $value }}",
        "{{ $value | printf \"%.200f\" }}",
        "{{ range $labels }}",
      })
  void whatCannotBeFilledInIsSaid(String template) {
    assertThat(AlertTemplate.problem(template)).isPresent();
  }

  @Test
  void numbersPrintAsEverywhere() {
    assertThat(AlertTemplate.number(40)).isEqualTo("40");
    assertThat(AlertTemplate.number(0.1)).isEqualTo("0.1");
    assertThat(AlertTemplate.number(Double.NaN)).isEqualTo("NaN");
    assertThat(AlertTemplate.render("{{ $value | humanize }}", LABELS, 0.0123)).isEqualTo("12.3m");
    assertThat(AlertTemplate.render("{{ $value | humanize }}", LABELS, Double.NaN))
        .isEqualTo("NaN");
    assertThat(AlertTemplate.render("{{ $value | humanize }}", LABELS, 0)).isEqualTo("0");
  }
}
