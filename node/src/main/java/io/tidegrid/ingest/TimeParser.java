package io.tidegrid.ingest;

import java.nio.charset.StandardCharsets;

/**
 * Reads points in time as people and programs write them:
 *
 * <ul>
 *   <li>RFC 3339 with any offset, {@code 2025-01-15T10:30:00.123+01:00}; also with a space instead
 *       of the T, without seconds, with an offset such as {@code +0100} or {@code +01};
 *   <li>the same without an offset, or a date alone: UTC;
 *   <li>numbers: below 10<sup>11</sup> (the year 5138) seconds since 1970, with or without a
 *       fraction; above, milliseconds since 1970 (from March 1973 on).
 * </ul>
 *
 * <p>Results are in milliseconds; finer digits are dropped.
 */
public final class TimeParser {

  /** What is returned for input that is no time. */
  public static final long INVALID = Long.MIN_VALUE;

  /** The last millisecond of the year 9999, which is as far as RFC 3339 goes. */
  static final long MAX_MS = 253_402_300_799_999L;

  private static final double SECONDS_BELOW = 1e11;

  private static final int[] DAYS_OF_MONTH = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

  private TimeParser() {}

  /** Reads a text; returns milliseconds since 1970, or {@link #INVALID}. */
  public static long parse(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return parse(bytes, 0, bytes.length);
  }

  /** Reads a number of seconds or milliseconds; returns milliseconds, or {@link #INVALID}. */
  public static long ofNumber(double number) {
    double ms = Math.abs(number) < SECONDS_BELOW ? number * 1000 : number;
    return Math.abs(ms) <= MAX_MS ? Math.round(ms) : INVALID;
  }

  /** Reads the bytes from {@code from} to before {@code to}. */
  static long parse(byte[] bytes, int from, int to) {
    if (to - from < 10 || bytes[from + 4] != '-' || bytes[from + 7] != '-') {
      DecimalReader decimal = new DecimalReader();
      return decimal.read(bytes, from, to, false) && decimal.end() == to
          ? ofNumber(decimal.value())
          : INVALID;
    }
    int year = digits(bytes, from, 4);
    int month = digits(bytes, from + 5, 2);
    int day = digits(bytes, from + 8, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) {
      return INVALID;
    }
    long date = daysSince1970(year, month, day) * 86_400_000L;
    int at = from + 10;
    if (at == to) {
      return date;
    }
    byte separator = bytes[at++];
    if ((separator != 'T' && separator != 't' && separator != ' ')
        || to - at < 5
        || bytes[at + 2] != ':') {
      return INVALID;
    }
    int hour = digits(bytes, at, 2);
    int minute = digits(bytes, at + 3, 2);
    at += 5;
    int second = 0;
    int milli = 0;
    if (at < to && bytes[at] == ':') {
      second = to - at >= 3 ? digits(bytes, at + 1, 2) : -1;
      at += 3;
      if (at < to && (bytes[at] == '.' || bytes[at] == ',')) {
        int point = at++;
        int unit = 100;
        int digit;
        while (at < to && (digit = bytes[at] - '0') >= 0 && digit <= 9) {
          milli += digit * unit;
          unit /= 10;
          at++;
        }
        if (at == point + 1) {
          return INVALID;
        }
      }
    }
    // RFC 3339 knows a leap second: the 60th, the same instant as the next minute.
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
      return INVALID;
    }
    int offset = offsetMinutes(bytes, at, to);
    if (offset == Integer.MIN_VALUE) {
      return INVALID;
    }
    return date + (((hour * 60L + minute - offset) * 60) + second) * 1000 + milli;
  }

  private static int offsetMinutes(byte[] bytes, int from, int to) {
    int length = to - from;
    if (length == 0 || (length == 1 && (bytes[from] | 0x20) == 'z')) {
      return 0;
    }
    boolean colon = length == 6 && bytes[from + 3] == ':';
    if ((bytes[from] != '+' && bytes[from] != '-') || !(colon || length == 5 || length == 3)) {
      return Integer.MIN_VALUE;
    }
    int hours = digits(bytes, from + 1, 2);
    int minutes = length == 3 ? 0 : digits(bytes, to - 2, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
      return Integer.MIN_VALUE;
    }
    int offset = hours * 60 + minutes;
    return bytes[from] == '-' ? -offset : offset;
  }

  private static int digits(byte[] bytes, int from, int count) {
    int value = 0;
    for (int i = from; i < from + count; i++) {
      int digit = bytes[i] - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  private static int daysOf(int year, int month) {
    boolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : DAYS_OF_MONTH[month - 1];
  }

  /**
   * @see <a href="https://howardhinnant.github.io/date_algorithms.html">Hinnant,
   *     days_from_civil</a>
   */
  private static long daysSince1970(int year, int month, int day) {
    int y = month <= 2 ? year - 1 : year;
    int era = Math.floorDiv(y, 400);
    int yearOfEra = y - era * 400;
    int dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return era * 146_097L + dayOfEra - 719_468;
  }
}
