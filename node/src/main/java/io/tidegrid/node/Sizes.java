package io.tidegrid.node;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes in bytes: {@code KB MB GB TB} are powers of 1000, {@code KiB MiB GiB TiB} powers of 1024.
 */
final class Sizes {

  private static final Pattern FORM = Pattern.compile("(\\d{1,18}(?:\\.\\d{1,6})?)\\s*([a-zA-Z]+)");
  private static final Map<String, Long> UNITS =
      Map.of(
          "b", 1L,
          "kb", 1_000L,
          "mb", 1_000_000L,
          "gb", 1_000_000_000L,
          "tb", 1_000_000_000_000L,
          "kib", 1L << 10,
          "mib", 1L << 20,
          "gib", 1L << 30,
          "tib", 1L << 40);

  private Sizes() {}

  /** Reads a size; a number without a unit is refused, as nobody can tell what it meant. */
  static long parse(String text) {
    String stripped = text.strip();
    if (stripped.equals("0")) {
      return 0;
    }
    Matcher matcher = FORM.matcher(stripped);
    Long unit = matcher.matches() ? UNITS.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
    if (unit == null) {
      throw new IllegalArgumentException("not a size: " + text);
    }
    try {
      return new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)).longValueExact();
    } catch (ArithmeticException notWhole) {
      throw new IllegalArgumentException("not a whole number of bytes: " + text, notWhole);
    }
  }

  /** Writes a size in the largest power of 1024 that divides it: {@code 32MiB}. */
  static String format(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    long rest = bytes;
    while (rest != 0 && rest % 1024 == 0 && unit < units.length - 1) {
      rest /= 1024;
      unit++;
    }
    return rest + units[unit];
  }
}
