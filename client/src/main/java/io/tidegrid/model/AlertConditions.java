package io.tidegrid.model;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads and writes conditions of alert rules as people write them. */
public final class AlertConditions {

  /** The longest window: longer ones are for queries over rollups, not for every sample. */
  public static final Duration MAX_RANGE = Duration.ofDays(1);

  private static final int MAX_LENGTH = 200;

  private static final String FORMS =
      "a condition is a comparison such as \"> 80\", a function of a rolling window compared, such"
          + " as \"avg(5m) > 80\", or \"absent(5m)\"";

  private static final String NUMBER =
      "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d{1,3})?|[+-]?Inf";
  private static final Pattern COMPARED =
      Pattern.compile("\\s*([<>=!]+)\\s*(" + NUMBER + ")?\\s*", Pattern.CASE_INSENSITIVE);
  private static final Pattern FUNCTION =
      Pattern.compile("\\s*([A-Za-z_][A-Za-z_0-9]*)\\s*\\(\\s*([^()\\[\\]{}]*?)\\s*\\)(.*)");
  private static final Pattern RANGE = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  private AlertConditions() {}

  /**
   * Returns the condition that a text says: a comparison ({@code > 80}; or {@code >} when the
   * threshold is given apart), a window function compared ({@code avg(5m) > 80}), or {@code
   * absent(5m)}.
   *
   * @param threshold given beside the text; empty for none. It must not contradict the text
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE} when the text says no condition,
   *     or the threshold is missing, said twice differently, or not a number
   */
  public static AlertCondition parse(String condition, OptionalDouble threshold) {
    if (condition.isBlank()) {
      throw invalid("the condition is empty: " + FORMS);
    }
    if (condition.length() > MAX_LENGTH) {
      throw invalid("the condition is longer than " + MAX_LENGTH + " characters: " + FORMS);
    }
    Optional<MatchResult> compared = match(COMPARED, condition);
    if (compared.isPresent()) {
      Compared found = compared(compared.get(), condition, threshold);
      return new AlertCondition.Threshold(found.comparison, found.threshold);
    }
    Optional<MatchResult> function = match(FUNCTION, condition);
    if (function.isEmpty()) {
      throw notUnderstood(condition);
    }
    return functionOf(function.get(), condition, threshold);
  }

  private static AlertCondition functionOf(
      MatchResult found, String condition, OptionalDouble threshold) {
    String name = found.group(1);
    String rest = found.group(3);
    if (name.equalsIgnoreCase("absent")) {
      Duration range = range(name, found.group(2));
      if (!rest.isBlank() || threshold.isPresent()) {
        throw invalid("absent(…) is compared with nothing: give neither operator nor threshold");
      }
      return new AlertCondition.Absent(range);
    }
    Optional<WindowFunction> known = function(name);
    if (known.isEmpty()) {
      throw unknownFunction(name, condition);
    }
    Duration range = range(name, found.group(2));
    if (rest.isBlank()) {
      throw invalid(
          "say what "
              + name
              + "(…) is compared with, such as \""
              + name
              + "("
              + text(range)
              + ") > 80\"");
    }
    Compared compared =
        match(COMPARED, rest)
            .map(match -> compared(match, condition, threshold))
            .orElseThrow(() -> notUnderstood(condition));
    return new AlertCondition.Window(known.get(), range, compared.comparison, compared.threshold);
  }

  private record Compared(Comparison comparison, double threshold) {}

  private static Compared compared(MatchResult found, String condition, OptionalDouble given) {
    Comparison comparison =
        Comparison.of(found.group(1))
            .orElseThrow(() ->
                invalid(
                    "\""
                        + found.group(1)
                        + "\" is no comparison: use one of >, >=, <, <=, == and !="));
    String written = found.group(2);
    if (given.isPresent() && Double.isNaN(given.getAsDouble())) {
      throw invalid("the threshold is not a number");
    }
    if (written == null) {
      return new Compared(
          comparison,
          given.orElseThrow(() ->
              invalid(
                  "the condition \""
                      + condition.strip()
                      + "\" lacks a number to compare with: write it, such as \""
                      + condition.strip()
                      + " 80\", or give a threshold")));
    }
    double threshold = number(written);
    if (given.isPresent() && given.getAsDouble() != threshold) {
      throw invalid(
          "the condition says "
              + number(threshold)
              + " and the threshold "
              + number(given.getAsDouble())
              + ": give one of them, or both alike");
    }
    return new Compared(comparison, threshold);
  }

  private static double number(String written) {
    String lower = written.toLowerCase(Locale.ROOT);
    if (lower.endsWith("inf")) {
      return lower.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    double number = Double.parseDouble(written);
    if (Double.isInfinite(number)) {
      throw invalid("the threshold " + written + " is too large");
    }
    return number;
  }

  private static Duration range(String function, String written) {
    MatchResult found =
        match(RANGE, written)
            .orElseThrow(() ->
                invalid(
                    function
                        + "(…) takes the length of a window, such as "
                        + function
                        + "(5m), with one of the units ms, s, m, h and d"
                        + (written.isEmpty() ? "" : "; \"" + written + "\" is none")));
    long count = Long.parseLong(found.group(1));
    Duration range =
        switch (found.group(2)) {
          case "ms" -> Duration.ofMillis(count);
          case "s" -> Duration.ofSeconds(count);
          case "m" -> Duration.ofMinutes(count);
          case "h" -> Duration.ofHours(count);
          default -> Duration.ofDays(count);
        };
    if (range.isZero() || range.compareTo(MAX_RANGE) > 0) {
      throw invalid(
          "the window of "
              + function
              + "("
              + written
              + ") must be longer than nothing and at most "
              + text(MAX_RANGE));
    }
    return range;
  }

  private static Optional<WindowFunction> function(String name) {
    return Arrays.stream(WindowFunction.values())
        .filter(function -> function.name().equalsIgnoreCase(name))
        .findFirst();
  }

  private static TidegridException unknownFunction(String name, String condition) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (isPromQl(condition)) {
      return notUnderstood(condition);
    }
    String nearest =
        Arrays.stream(WindowFunction.values())
            .map(function -> function.name().toLowerCase(Locale.ROOT))
            .min(Comparator.comparingInt(known -> distance(known, lower)))
            .orElseThrow();
    String known =
        Arrays.stream(WindowFunction.values())
            .map(function -> function.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", "));
    String guess = distance("absent", lower) < distance(nearest, lower) ? "absent" : nearest;
    return invalid(
        "there is no function "
            + name
            + ": did you mean "
            + guess
            + "? Known are "
            + known
            + " and absent");
  }

  /** Levenshtein's distance, with one row of the table. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    Arrays.setAll(row, i -> i);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }

  /** Whether somebody who knows PromQL would take it for that. */
  private static boolean isPromQl(String condition) {
    String lower = condition.toLowerCase(Locale.ROOT);
    return condition.indexOf('{') >= 0
        || condition.indexOf('[') >= 0
        || lower.matches(".*\\b(by|without|on|ignoring|and|or|unless|bool|offset)\\b.*")
        || lower.contains("_over_time")
        || lower.matches("\\s*[a-z_:][a-z0-9_:]*\\s*[<>=!]+.*")
        || lower.matches(".*\\(.*\\(.*")
        || lower.matches("\\s*[a-z_:][a-z0-9_:]*\\s*");
  }

  private static TidegridException notUnderstood(String condition) {
    return isPromQl(condition)
        ? invalid(
            "expressions of PromQL are not supported as conditions yet: name the metric in the"
                + " rule's metric_name; "
                + FORMS)
        : invalid("\"" + condition.strip() + "\" is no condition: " + FORMS);
  }

  private static Optional<MatchResult> match(Pattern pattern, String text) {
    java.util.regex.Matcher matcher = pattern.matcher(text);
    return matcher.matches() ? Optional.of(matcher.toMatchResult()) : Optional.empty();
  }

  private static TidegridException invalid(String detail) {
    return TidegridException.ofField(ErrorCode.INVALID_VALUE, "/condition", detail);
  }

  /** Returns the condition as people write it; {@link #parse} reads it back to the same. */
  public static String format(AlertCondition condition) {
    return switch (condition) {
      case AlertCondition.Threshold threshold ->
          threshold.comparison().operator() + " " + number(threshold.threshold());
      case AlertCondition.Window window ->
          window.function().name().toLowerCase(Locale.ROOT)
              + "("
              + text(window.range())
              + ") "
              + window.comparison().operator()
              + " "
              + number(window.threshold());
      case AlertCondition.Absent absent -> "absent(" + text(absent.range()) + ")";
    };
  }

  /** Returns a duration in the largest unit that says it whole, such as {@code 5m}. */
  private static String text(Duration duration) {
    long ms = duration.toMillis();
    if (ms % 86_400_000 == 0) {
      return ms / 86_400_000 + "d";
    }
    if (ms % 3_600_000 == 0) {
      return ms / 3_600_000 + "h";
    }
    if (ms % 60_000 == 0) {
      return ms / 60_000 + "m";
    }
    return ms % 1000 == 0 ? ms / 1000 + "s" : ms + "ms";
  }

  private static String number(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    if (value == 0) {
      return "0";
    }
    String shortest = Double.toString(value);
    double magnitude = Math.abs(value);
    if (magnitude >= 1e-6 && magnitude < 1e15) {
      return new BigDecimal(shortest).stripTrailingZeros().toPlainString();
    }
    return shortest.replace(".0E", "E");
  }
}
