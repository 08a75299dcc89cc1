package io.tidegrid.node;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How the text of a configuration value becomes a value. Immutable.
 *
 * @param <T> the type of the value
 */
public final class ConfigType<T> {

  /** Any text. */
  static final ConfigType<String> TEXT = new ConfigType<>("text", "a text", Function.identity());

  /** {@code true} or {@code false}. */
  static final ConfigType<Boolean> BOOLEAN =
      new ConfigType<>("true | false", "one of true | false", ConfigType::truth);

  private final String label;
  private final String expected;
  private final Function<String, T> parser;

  private ConfigType(String label, String expected, Function<String, T> parser) {
    this.label = label;
    this.expected = expected;
    this.parser = parser;
  }

  /** A type of its own; the parser throws {@link IllegalArgumentException} for bad text. */
  static <T> ConfigType<T> of(String label, String expected, Function<String, T> parser) {
    return new ConfigType<>(label, expected, parser);
  }

  /** Whole numbers, both bounds included. */
  static ConfigType<Integer> integer(int min, int max) {
    return of(
        "integer",
        "a whole number from " + min + " to " + max,
        text -> (int) inRange(Long.parseLong(digits(text)), min, max));
  }

  /** Whole numbers, both bounds included. */
  static ConfigType<Long> number(long min, long max) {
    return of(
        "integer",
        "a whole number from " + min + " to " + max,
        text -> inRange(Long.parseLong(digits(text)), min, max));
  }

  /** Durations such as {@code 90s} or {@code 1h30m}, both bounds included. */
  static ConfigType<Duration> duration(Duration min, Duration max) {
    return of(
        "duration",
        "a duration such as 500ms, 90s, 5m, 1h or 7d, from "
            + Durations.format(min)
            + " to "
            + Durations.format(max),
        text -> {
          Duration parsed = Durations.parse(text);
          if (parsed.compareTo(min) < 0 || parsed.compareTo(max) > 0) {
            throw new IllegalArgumentException("out of range");
          }
          return parsed;
        });
  }

  /** Sizes in bytes such as {@code 512MB} or {@code 32MiB}, both bounds included. */
  static ConfigType<Long> size(long min, long max) {
    return of(
        "size",
        "a size such as 512B, 4KiB, 32MiB or 1GB, from "
            + Sizes.format(min)
            + " to "
            + Sizes.format(max),
        text -> inRange(Sizes.parse(text), min, max));
  }

  /** One of an enum's constants, written in lower case. */
  static <E extends Enum<E>> ConfigType<E> choice(Class<E> type) {
    List<E> constants = Arrays.asList(type.getEnumConstants());
    String names =
        constants.stream()
            .map(c -> c.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(" | "));
    return of(
        names,
        constants.size() == 1 ? names : "one of " + names,
        text ->
            constants.stream()
                .filter(c -> c.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no such choice")));
  }

  /** Values separated by commas, each of the given form; empty ones are left out. */
  static <T> ConfigType<List<T>> list(String label, String expected, Function<String, T> element) {
    return of(
        label,
        expected,
        text ->
            Arrays.stream(text.split(",", -1))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .map(element)
                .toList());
  }

  /** Returns a short name for tables, such as {@code duration}. */
  public String label() {
    return label;
  }

  /** Returns what a good value looks like, as the end of a sentence. */
  public String expected() {
    return expected;
  }

  /**
   * Reads a value.
   *
   * @throws IllegalArgumentException when the text is not of this type or out of its bounds
   */
  T parse(String text) {
    return parser.apply(text);
  }

  private static boolean truth(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("neither true nor false");
    };
  }

  private static long inRange(long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException("out of range");
    }
    return value;
  }

  /** Allows {@code 1_000_000}, as YAML does. */
  private static String digits(String text) {
    return text.replace("_", "");
  }
}
