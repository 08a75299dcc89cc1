package io.tidegrid.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MatcherTest {

  @ParameterizedTest
  @CsvSource({
    "EQUAL, a, a, true",
    "EQUAL, a, ab, false",
    "EQUAL, '', '', true",
    "NOT_EQUAL, a, b, true",
    "NOT_EQUAL, a, a, false",
    "NOT_EQUAL, a, '', true",
    "REGEX, a.c, abc, true",
    "REGEX, a.c, xabc, false",
    "REGEX, a.c, abcx, false",
    "REGEX, a|ab, ab, true",
    "REGEX, a|ab, b, false",
    "REGEX, ^a$, a, true",
    "REGEX, '', '', true",
    "REGEX, '', a, false",
    "REGEX, .*, '', true",
    "REGEX, .+, '', false",
    "REGEX, '(?i)AbC', aBc, true",
    "REGEX, '[]a]{2}', ']a', true",
    "REGEX, '\\d{1,3}(\\.\\d{1,3}){3}', 10.0.0.255, true",
    "REGEX, '\\p{Greek}+', λμ, true",
    "NOT_REGEX, a.c, abc, false",
    "NOT_REGEX, a.c, abcd, true",
    "NOT_REGEX, .+, '', true"
  })
  void matchesAsPrometheusDoes(Matcher.Type type, String value, String label, boolean expected) {
    Matcher matcher = Matcher.of(type, "l", value);
    assertThat(matcher.matches(label)).isEqualTo(expected);
    assertThat(matcher.matchesMissing()).isEqualTo(matcher.matches(""));
    assertThat(matcher.type()).isEqualTo(type);
  }

  @Test
  void aDotMatchesANewline() {
    assertThat(Matcher.of(Matcher.Type.REGEX, "l", "a.b").matches("a\nb")).isTrue();
    assertThat(Matcher.of(Matcher.Type.REGEX, "l", "a").matches("a\n")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[",
        "(",
        "a)|(b",
        "a**",
        "\\",
        "(?=a)",
        "(a)\\1",
        "a{1001}",
        "((a{1000}){1000}){1000}",
        "(((((a{30}){30}){30}){30}){30}){30}",
        "(([])]{1000}){1000}){1000}",
        "(([[:alpha:])]{1000}){1000}){1000}",
        "((\\Q[\\E{1000}){1000}){1000}",
        "(((?:\\pL{999}){999}){999}"
      })
  void refusesARegularExpressionThatIsNotValidOrTooLarge(String regex) {
    assertRefused(regex);
  }

  @Test
  void refusesLengthAndDepth() {
    assertRefused("a".repeat(10_001));
    assertRefused("a?".repeat(5_000));
    assertRefused("(".repeat(4_000) + "a" + ")".repeat(4_000));
    assertRefused("(?:".repeat(2_400) + "a" + ")*".repeat(2_400));
  }

  private static void assertRefused(String regex) {
    assertThatExceptionOfType(TidegridException.class)
        .as(regex)
        .isThrownBy(() -> Matcher.of(Matcher.Type.REGEX, "host", regex))
        .withMessageContaining("the regular expression for host")
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_VALUE));
  }

  /** Exponential in an engine that backtracks. */
  @ParameterizedTest
  @ValueSource(strings = {"(a*)*b", "(x+x+)+y", "(a|a)*b", "(a?){500}a{500}b", "(.*)*(.*)*(.*)*c"})
  void takesLinearTime(String regex) {
    Matcher matcher = Matcher.of(Matcher.Type.REGEX, "l", regex);
    long begin = System.nanoTime();
    assertThat(matcher.matches("a".repeat(2_000) + "x".repeat(1_000))).isFalse();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void theLargestThatIsAcceptedFitsTheStack() {
    Matcher optional = Matcher.of(Matcher.Type.REGEX, "l", "a?".repeat(1_100));
    assertThat(optional.matches("a".repeat(100))).isTrue();
    Matcher repeated = Matcher.of(Matcher.Type.REGEX, "l", "((?:a?b?){20}){20}");
    assertThat(repeated.matches("ab".repeat(100))).isTrue();
    StringBuilder words = new StringBuilder("none");
    for (int i = 0; i < 1_800; i++) {
      words.append('|').append(Integer.toString(i * 797 % 46_656, 36));
    }
    assertThat(Matcher.of(Matcher.Type.REGEX, "l", words.toString()).matches("qbv")).isTrue();
  }

  @Test
  void travelsBetweenMembers() throws Exception {
    Matcher matcher = Matcher.of(Matcher.Type.NOT_REGEX, "l", "a|b");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(matcher);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      Matcher copy = (Matcher) in.readObject();
      assertThat(copy).isEqualTo(matcher).hasSameHashCodeAs(matcher).hasToString("l!~\"a|b\"");
      assertThat(copy.matches("a")).isFalse();
      assertThat(copy.matches("c")).isTrue();
    }
  }

  @Test
  void printsItsOperator() {
    assertThat(Matcher.equal("l", "v")).hasToString("l=\"v\"");
    assertThat(Matcher.equal("l", "v")).isNotEqualTo(Matcher.of(Matcher.Type.NOT_EQUAL, "l", "v"));
    assertThat(Matcher.equal("l", "v").name()).isEqualTo("l");
    assertThat(Matcher.equal("l", "v").value()).isEqualTo("v");
  }
}
