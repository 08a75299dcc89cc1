package io.tidegrid.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LabelsTest {

  @Test
  void theOrderOfGivingDoesNotMatter() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      names.add("label" + i);
    }
    Labels sorted = build(names);
    Random random = new Random(3);
    for (int i = 0; i < 50; i++) {
      Collections.shuffle(names, random);
      Labels shuffled = build(names);
      assertThat(shuffled).isEqualTo(sorted).hasSameHashCodeAs(sorted);
      assertThat(shuffled.canonicalBytes()).isEqualTo(sorted.canonicalBytes());
      assertThat(shuffled.compareTo(sorted)).isZero();
    }
  }

  private static Labels build(List<String> names) {
    Labels.Builder builder = Labels.builder();
    names.forEach(name -> builder.add(name, "value of " + name));
    return builder.build();
  }

  @Test
  void namesAreInTheOrderOfTheirUtf8Bytes() {
    String beyondBmp = "\uD83D\uDE00";
    String privateUse = "\uE000";
    // As UTF-16 the surrogates would come first; as code points and as UTF-8 they come last.
    assertThat(beyondBmp.compareTo(privateUse)).isNegative();
    Labels labels = Labels.of(beyondBmp, "4", privateUse, "3", "é", "2", "z", "1", "__name__", "m");
    assertThat(labels.toMap(true).keySet())
        .containsExactly("__name__", "z", "é", privateUse, beyondBmp);
    assertThat(labels.toMap(false)).doesNotContainKey("__name__").hasSize(4);
    assertThat(labels.get(beyondBmp)).isEqualTo("4");
    assertThat(labels.get("é")).isEqualTo("2");
    assertThat(labels.get("e")).isEmpty();
  }

  @Test
  void theCanonicalFormIsLengthsAndBytes() {
    byte[] expected = "\1a\1b\2cd\3efg".getBytes(StandardCharsets.UTF_8);
    assertThat(Labels.of("cd", "efg", "a", "b").canonicalBytes()).isEqualTo(expected);
    Labels wrapped = Labels.fromCanonical(expected);
    assertThat(wrapped).isEqualTo(Labels.of("a", "b", "cd", "efg"));
    assertThat(wrapped.size()).isEqualTo(2);
    assertThat(Labels.fromCanonical(new byte[0])).isSameAs(Labels.empty());
  }

  @Test
  void neighboursAreNotConfused() {
    assertThat(Labels.of("a", "bc")).isNotEqualTo(Labels.of("ab", "c"));
    assertThat(Labels.of("a", "b")).isNotEqualTo(Labels.of("a", "b", "c", "d"));
  }

  @Test
  void longNamesAndValues() {
    for (int length : new int[] {127, 128, 16_383, 16_384, 3_000_000}) {
      String text = "x".repeat(length);
      Labels labels = Labels.of(text, text + "y", "__name__", "m", "zz", "w");
      assertThat(labels.get(text)).isEqualTo(text + "y");
      assertThat(labels.get("zz")).isEqualTo("w");
      assertThat(labels.metricName()).isEqualTo("m");
      assertThat(labels.size()).isEqualTo(3);
    }
  }

  @Test
  void anEmptyValueIsNoLabel() {
    assertThat(Labels.of("a", "", "b", "c")).isEqualTo(Labels.of("b", "c"));
    assertThat(Labels.of("a", "")).isSameAs(Labels.empty());
    assertThat(Labels.of(Map.of("a", "", "b", "c"))).isEqualTo(Labels.of("b", "c"));
    assertThat(Labels.builder().set("a", "1").set("a", "").build().size()).isZero();
    assertThat(Labels.builder().set("a", "1").set("a", "2").build().get("a")).isEqualTo("2");
    assertThat(Labels.empty().get("a")).isEmpty();
    assertThat(Labels.empty().metricName()).isEmpty();
  }

  @Test
  void refusesWhatIsNoSetOfLabels() {
    assertThatIllegalArgumentException().isThrownBy(() -> Labels.of("a"));
    assertThatIllegalArgumentException().isThrownBy(() -> Labels.of("", "b"));
    assertThatIllegalArgumentException().isThrownBy(() -> Labels.builder().set("", "b"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Labels.of("a", "b", "a", "b"))
        .withMessageContaining("a is given twice");
    // What has no UTF-8 form becomes a question mark, and must not become a second one.
    assertThatIllegalArgumentException().isThrownBy(() -> Labels.of("\uD800", "b", "?", "c"));
  }

  @Test
  void printsAsPrometheusDoes() {
    assertThat(Labels.of("__name__", "up", "job", "a", "instance", "b"))
        .hasToString("up{instance=\"b\",job=\"a\"}");
    assertThat(Labels.of("__name__", "up")).hasToString("up");
    assertThat(Labels.of("a", "b")).hasToString("{a=\"b\"}");
    assertThat(Labels.empty()).hasToString("{}");
    assertThat(Labels.of("a", "say \"x\\y\"\n")).hasToString("{a=\"say \\\"x\\\\y\\\"\\n\"}");
  }
}
