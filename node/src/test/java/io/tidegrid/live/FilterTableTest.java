package io.tidegrid.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.model.Labels;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What members tell each other of their filters, in and out of order. */
class FilterTableTest {

  private static final LiveFilter ALL = new LiveFilter("default", List.of());
  private static final UUID OTHER = new UUID(1, 2);
  private static final Labels SERIES = Labels.of(Labels.METRIC_NAME, "cpu");

  private final FilterTable table =
      new FilterTable(new Target(new BatchQueue(10)), uuid -> new Target(new BatchQueue(10)));

  @Test
  void aChangeAppliesToWhatItStartsFromOnly() {
    assertThat(table.apply(update(0, 5, Map.of(1, ALL), Set.of()))).isEqualTo(5);
    assertThat(table.apply(update(7, 8, Map.of(2, ALL), Set.of()))).isEqualTo(5);
    assertThat(found()).containsExactly(1);
    assertThat(table.apply(update(5, 6, Map.of(2, ALL), Set.of(1)))).isEqualTo(6);
    assertThat(found()).containsExactly(2);
  }

  @Test
  void whatComesLateIsIgnored() {
    assertThat(table.apply(update(0, 6, Map.of(2, ALL), Set.of()))).isEqualTo(6);
    assertThat(table.apply(update(0, 5, Map.of(1, ALL), Set.of()))).isEqualTo(6);
    assertThat(found()).containsExactly(2);
  }

  @Test
  void theWholeReplacesWhatWasKnown() {
    assertThat(table.apply(update(0, 5, Map.of(1, ALL, 3, ALL), Set.of()))).isEqualTo(5);
    assertThat(table.apply(update(0, 6, Map.of(2, ALL), Set.of()))).isEqualTo(6);
    assertThat(found()).containsExactly(2);
  }

  @Test
  void aMemberThatLeftStaysAway() {
    assertThat(table.isEmpty()).isTrue();
    assertThat(table.apply(update(0, 5, Map.of(1, ALL), Set.of()))).isEqualTo(5);
    assertThat(table.isEmpty()).isFalse();
    table.remove(OTHER);
    assertThat(table.isEmpty()).isTrue();
    assertThat(table.apply(update(0, 6, Map.of(1, ALL), Set.of()))).isEqualTo(6);
    assertThat(table.isEmpty()).isTrue();
    assertThat(table.index()).isSameAs(FilterIndex.EMPTY);
  }

  private static FilterUpdate update(
      long from, long to, Map<Integer, LiveFilter> added, Set<Integer> removed) {
    return new FilterUpdate(OTHER, from, to, added, removed);
  }

  private int[] found() {
    FilterIndex.Route[] routes = table.index().routes("default", SERIES);
    return routes.length == 0 ? new int[0] : routes[0].match().filters();
  }
}
