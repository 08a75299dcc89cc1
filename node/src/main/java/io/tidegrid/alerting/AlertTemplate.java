package io.tidegrid.alerting;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Texts with {@code {{ $labels.host }}} and {@code {{ $value }}}, the part of Prometheus' templates
 * that rules use: a label or the value, and after it functions, each behind a bar: {@code
 * humanize}, {@code humanize1024}, {@code humanizePercentage}, {@code humanizeDuration}, {@code
 * printf "%.2f"}, {@code toUpper}, {@code toLower}, {@code title}. {@code printf "%.2f" $value} is
 * the same as {@code $value | printf "%.2f"}. A label that the alert does not have is the empty
 * text.
 */
final class AlertTemplate {

  private static final String OPEN = "{{";
  private static final String CLOSE = "}}";

  private static final Pattern LABEL =
      Pattern.compile("\\$labels\\.([A-Za-z_][A-Za-z0-9_]*)|index \\$labels \"([^\"]+)\"");
  private static final Pattern PRINTF_FIRST =
      Pattern.compile("printf\\s+(\"[^\"]*\")\\s+(\\$\\S+)");
  private static final Pattern PRINTF = Pattern.compile("printf\\s+\"([^\"]*)\"");
  private static final Pattern VERB =
      Pattern.compile("%([-+0 #]*)([0-9]{0,2})(\\.[0-9]{1,2})?([a-zA-Z%])");

  private AlertTemplate() {}

  /** Returns what is wrong with a text; empty when nothing is. */
  static Optional<String> problem(String text) {
    try {
      String ignored = render(text, Map.of(), 0);
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of(e.getMessage());
    }
  }

  /**
   * Fills in a text.
   *
   * @throws IllegalArgumentException when {@link #problem} finds one
   */
  static String render(String text, Map<String, String> labels, double value) {
    StringBuilder out = new StringBuilder(text.length());
    int at = 0;
    while (true) {
      int open = text.indexOf(OPEN, at);
      if (open < 0) {
        return out.append(text, at, text.length()).toString();
      }
      int close = text.indexOf(CLOSE, open);
      if (close < 0) {
        throw new IllegalArgumentException("{{ is not closed by }}");
      }
      out.append(text, at, open);
      String expression = text.substring(open + OPEN.length(), close).strip();
      out.append(evaluate(trimmed(expression), labels, value));
      at = close + CLOSE.length();
    }
  }

  /** Leaves out Go's marks for trimming, which change nothing but blanks around. */
  private static String trimmed(String expression) {
    String inner = expression.startsWith("- ") ? expression.substring(2) : expression;
    return (inner.endsWith(" -") ? inner.substring(0, inner.length() - 2) : inner).strip();
  }

  private static String evaluate(String expression, Map<String, String> labels, double value) {
    List<String> steps = steps(expression);
    Matcher printf = PRINTF_FIRST.matcher(steps.getFirst());
    if (printf.matches()) {
      steps.set(0, printf.group(2));
      steps.add(1, "printf " + printf.group(1));
    }
    Object result = operand(steps.getFirst(), labels, value);
    for (String function : steps.subList(1, steps.size())) {
      result = apply(function, result);
    }
    return result instanceof Double number ? number(number) : result.toString();
  }

  /** Splits at bars outside of quotes. */
  private static List<String> steps(String expression) {
    List<String> steps = new ArrayList<>();
    boolean quoted = false;
    int from = 0;
    for (int i = 0; i < expression.length(); i++) {
      char c = expression.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == '|' && !quoted) {
        steps.add(expression.substring(from, i).strip());
        from = i + 1;
      }
    }
    steps.add(expression.substring(from).strip());
    return steps;
  }

  private static Object operand(String text, Map<String, String> labels, double value) {
    if (text.equals("$value")) {
      return value;
    }
    Matcher label = LABEL.matcher(text);
    if (label.matches()) {
      return labels.getOrDefault(label.group(1) != null ? label.group(1) : label.group(2), "");
    }
    if (text.equals("$labels")) {
      return labels.toString();
    }
    throw new IllegalArgumentException(
        "{{ "
            + shortened(text)
            + " }} is not known: write {{ $labels.name }} or {{ $value }}, with functions behind"
            + " bars");
  }

  private static Object apply(String function, Object operand) {
    Matcher printf = PRINTF.matcher(function);
    if (printf.matches()) {
      return printf(printf.group(1), operand);
    }
    return switch (function) {
      case "humanize" -> humanize(asNumber(operand), 1_000, "kMGTPEZY");
      case "humanize1024" -> humanize(asNumber(operand), 1_024, "KMGTPEZY");
      case "humanizePercentage" -> fourDigits(asNumber(operand) * 100) + "%";
      case "humanizeDuration" -> duration(asNumber(operand));
      case "toUpper" -> asText(operand).toUpperCase(Locale.ROOT);
      case "toLower" -> asText(operand).toLowerCase(Locale.ROOT);
      case "title" -> title(asText(operand));
      default ->
          throw new IllegalArgumentException(
              "there is no function "
                  + shortened(function)
                  + "; there are humanize, humanize1024, humanizePercentage, humanizeDuration,"
                  + " printf \"…\", toUpper, toLower and title");
    };
  }

  private static String shortened(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }

  private static double asNumber(Object operand) {
    if (operand instanceof Double number) {
      return number;
    }
    try {
      return Double.parseDouble(operand.toString());
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static String asText(Object operand) {
    return operand instanceof Double number ? number(number) : operand.toString();
  }

  private static String title(String text) {
    return text.isEmpty()
        ? text
        : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }

  private static String printf(String format, Object operand) {
    Matcher verb = VERB.matcher(format);
    StringBuilder out = new StringBuilder();
    int at = 0;
    int verbs = 0;
    while (verb.find()) {
      String between = format.substring(at, verb.start());
      requireNoPercent(between, format);
      out.append(between);
      at = verb.end();
      char kind = verb.group(4).charAt(0);
      if (kind == '%') {
        out.append('%');
        continue;
      }
      if (++verbs > 1) {
        throw new IllegalArgumentException("printf \"" + format + "\" has more than one verb");
      }
      String flags = verb.group(1).replace("#", "");
      String precision = verb.group(3) == null ? "" : verb.group(3);
      out.append(formatted(kind, flags, verb.group(2), precision, operand, format));
    }
    requireNoPercent(format.substring(at), format);
    return out.append(format.substring(at)).toString();
  }

  private static void requireNoPercent(String text, String format) {
    if (text.indexOf('%') >= 0) {
      throw new IllegalArgumentException("printf \"" + format + "\" is not a format");
    }
  }

  private static String formatted(
      char kind, String flags, String width, String precision, Object operand, String format) {
    double number = asNumber(operand);
    boolean plain = Double.isFinite(number);
    String text =
        switch (kind) {
          case 'f', 'F' -> plain ? fixed(number, precision) : number(number);
          case 'e' ->
              plain ? String.format(Locale.ROOT, "%" + precision + "e", number) : number(number);
          case 'd' -> plain ? Long.toString(Math.round(number)) : number(number);
          case 'g', 'G', 'v', 's' ->
              precision.isEmpty() || !(operand instanceof Double)
                  ? asText(operand)
                  : digits(number, Integer.parseInt(precision.substring(1)));
          default ->
              throw new IllegalArgumentException(
                  "printf \"" + format + "\" has the verb %" + kind + "; there are f e g d s v");
        };
    return padded(text, flags, width.isEmpty() ? 0 : Integer.parseInt(width));
  }

  /** As Go does, halves go to the even digit. */
  private static String fixed(double number, String precision) {
    int digits = precision.isEmpty() ? 6 : Integer.parseInt(precision.substring(1));
    return new BigDecimal(number).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
  }

  private static String padded(String text, String flags, int width) {
    String signed = flags.contains("+") && !text.startsWith("-") ? "+" + text : text;
    String padding = " ".repeat(Math.max(0, width - signed.length()));
    return flags.contains("-") ? signed + padding : padding + signed;
  }

  /** As everywhere: the shortest that reads back to the same, whole ones without a fraction. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "+Inf" : "-Inf";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static String fourDigits(double value) {
    return digits(value, 4);
  }

  private static String digits(double value, int digits) {
    if (!Double.isFinite(value) || value == 0) {
      return number(value);
    }
    MathContext context = new MathContext(Math.max(1, digits), RoundingMode.HALF_EVEN);
    BigDecimal rounded = new BigDecimal(value).round(context);
    return rounded.stripTrailingZeros().toPlainString();
  }

  private static String humanize(double value, double step, String prefixes) {
    if (!Double.isFinite(value) || Math.abs(value) < 1) {
      return step == 1_000 && Double.isFinite(value) && value != 0
          ? small(value)
          : fourDigits(value);
    }
    double rest = value;
    String prefix = "";
    for (int i = 0; i < prefixes.length() && Math.abs(rest) >= step; i++) {
      rest /= step;
      prefix = prefixes.substring(i, i + 1) + (step == 1_024 ? "i" : "");
    }
    return fourDigits(rest) + prefix;
  }

  private static String small(double value) {
    double rest = value;
    String prefix = "";
    for (String next : List.of("m", "u", "n", "p", "f", "a", "z", "y")) {
      if (Math.abs(rest) >= 1) {
        break;
      }
      rest *= 1_000;
      prefix = next;
    }
    return fourDigits(rest) + prefix;
  }

  private static String duration(double seconds) {
    if (!Double.isFinite(seconds)) {
      return number(seconds);
    }
    if (Math.abs(seconds) < 1) {
      return seconds == 0 ? "0s" : humanize(seconds, 1_000, "kMGTPEZY") + "s";
    }
    String sign = seconds < 0 ? "-" : "";
    long whole = (long) Math.abs(seconds);
    if (whole < 60) {
      return sign + fourDigits(Math.abs(seconds)) + "s";
    }
    long days = whole / 86_400;
    String rest = whole / 3_600 % 24 + "h " + whole / 60 % 60 + "m " + whole % 60 + "s";
    if (days > 0) {
      return sign + days + "d " + rest;
    }
    return sign + (whole < 3_600 ? rest.substring(rest.indexOf(' ') + 1) : rest);
  }
}
