package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads times and durations of requests. A time is RFC 3339 with any offset, ISO 8601 without one
 * (UTC), a date alone (its midnight in UTC), seconds since 1970 with or without a fraction, or
 * milliseconds since 1970; {@code now}, and, where the caller says so, a duration back from now.
 */
final class TimeParser {

  /** From this size on a number means milliseconds: as seconds it would be the year 5138. */
  private static final double MILLISECONDS_FROM = 1e11;

  private static final long MIN_MS = -62_167_219_200_000L;
  private static final long MAX_MS = 253_402_300_799_999L;

  private static final Pattern NUMBER =
      Pattern.compile("[+-]?\\d{1,18}(\\.\\d{1,18})?([eE][+-]?\\d{1,2})?");
  private static final Pattern DURATION_PART = Pattern.compile("(\\d{1,12})(ms|[smhdwy])");
  private static final Pattern DATE_TIME =
      Pattern.compile(
          "(\\d{4}-\\d{2}-\\d{2})[Tt ](\\d{2}:\\d{2}(?::\\d{2}(?:[.,]\\d{1,9})?)?)"
              + " ?([Zz]|[+ -]\\d{2}(?::?\\d{2})?)?");

  private TimeParser() {}

  /**
   * Returns the time in milliseconds since 1970.
   *
   * @param text the time as the caller wrote it
   * @param pointer the field it stood in, for the error
   * @param nowMs what {@code now} means
   * @param relative whether a duration such as {@code 1h} means that long before now
   * @throws TidegridException with {@link ErrorCode#INVALID_TIME}
   */
  static long time(String text, String pointer, long nowMs, boolean relative) {
    String trimmed = text.strip();
    if (trimmed.isEmpty() || trimmed.length() > 64) {
      throw badTime(text, pointer, relative);
    }
    if (trimmed.toLowerCase(Locale.ROOT).equals("now")) {
      return nowMs;
    }
    if (NUMBER.matcher(trimmed).matches()) {
      return epoch(Double.parseDouble(trimmed), text, pointer, relative);
    }
    if (relative) {
      long back = durationOrMinusOne(trimmed.startsWith("-") ? trimmed.substring(1) : trimmed);
      if (back >= 0) {
        return nowMs - back;
      }
    }
    try {
      Matcher matcher = DATE_TIME.matcher(trimmed);
      if (!matcher.matches()) {
        return LocalDate.parse(trimmed).atStartOfDay().toInstant(ZoneOffset.UTC).toEpochMilli();
      }
      String local = matcher.group(1) + 'T' + matcher.group(2).replace(',', '.');
      String offset = matcher.group(3);
      if (offset == null) {
        return LocalDateTime.parse(local).toInstant(ZoneOffset.UTC).toEpochMilli();
      }
      // A plus sign that nobody escaped in a URL arrives as a space.
      return OffsetDateTime.of(
              LocalDateTime.parse(local),
              ZoneOffset.of(offset.replace(' ', '+').toUpperCase(Locale.ROOT)))
          .toInstant()
          .toEpochMilli();
    } catch (DateTimeException e) {
      throw badTime(text, pointer, relative);
    }
  }

  private static long epoch(double number, String text, String pointer, boolean relative) {
    double ms = Math.abs(number) >= MILLISECONDS_FROM ? number : number * 1000;
    if (!(ms >= MIN_MS && ms <= MAX_MS)) {
      throw badTime(text, pointer, relative);
    }
    return Math.round(ms);
  }

  private static TidegridException badTime(String text, String pointer, boolean relative) {
    return TidegridException.ofField(
        ErrorCode.INVALID_TIME,
        pointer,
        "\""
            + shortened(text)
            + "\" is not a time: give RFC 3339 such as 2025-12-03T12:00:00Z, or seconds or"
            + " milliseconds since 1970"
            + (relative ? ", or a duration back from now such as 1h" : ""));
  }

  /**
   * Returns a duration such as {@code 90s}, {@code 5m}, {@code 1h30m}, {@code 500ms}, or a number
   * of seconds, in milliseconds.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE} for another text, for zero, and
   *     for more than 100 years
   */
  static long duration(String text, String pointer) {
    String trimmed = text.strip();
    long ms = -1;
    if (trimmed.length() <= 64) {
      ms =
          NUMBER.matcher(trimmed).matches()
              ? (long) Math.min(Double.parseDouble(trimmed) * 1000, Long.MAX_VALUE / 2.0)
              : durationOrMinusOne(trimmed);
    }
    if (ms <= 0 || ms > MAX_DURATION_MS) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE,
          pointer,
          "\""
              + shortened(text)
              + "\" is not a duration: give one such as 30s, 5m, 1h, 7d, or a number of seconds");
    }
    return ms;
  }

  private static final long MAX_DURATION_MS = 100L * 366 * 86_400_000;

  private static long durationOrMinusOne(String text) {
    Matcher part = DURATION_PART.matcher(text);
    int at = 0;
    long sum = 0;
    while (at < text.length()) {
      part.region(at, text.length());
      if (!part.lookingAt()) {
        return -1;
      }
      double ms = Double.parseDouble(part.group(1)) * unitMs(part.group(2));
      if (ms > MAX_DURATION_MS) {
        return -1;
      }
      sum += (long) ms;
      at = part.end();
    }
    return text.isEmpty() || sum > MAX_DURATION_MS ? -1 : sum;
  }

  private static long unitMs(String unit) {
    return switch (unit) {
      case "ms" -> 1;
      case "s" -> 1_000;
      case "m" -> 60_000;
      case "h" -> 3_600_000;
      case "d" -> 86_400_000;
      case "w" -> 7 * 86_400_000L;
      case "y" -> 365 * 86_400_000L;
      default -> throw new IllegalStateException("the pattern knows no unit " + unit);
    };
  }

  /** Returns the text, cut so that an error stays readable. */
  static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }
}
