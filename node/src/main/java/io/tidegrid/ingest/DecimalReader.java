package io.tidegrid.ingest;

import java.nio.charset.StandardCharsets;

/**
 * Reads decimal numbers out of bytes, each to the nearest double. Up to 2<sup>53</sup> and ten to
 * the power of 22, mantissa and power are exact doubles and one operation rounds once (Clinger, How
 * to Read Floating Point Numbers Accurately, 1990); everything else goes to the JDK.
 *
 * <p>One per request; not safe for use by many threads.
 */
final class DecimalReader {

  private static final double[] POWERS = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22
  };

  /** No double needs more digits than this to be told from its neighbours. */
  private static final int MAX_LENGTH = 1100;

  private double value;
  private int end;
  private boolean whole;

  /** Returns the number read last; infinite when it was too large for a double. */
  double value() {
    return value;
  }

  /** Returns where the number read last ended. */
  int end() {
    return end;
  }

  /** Tells whether the number read last was written without a fraction and without an exponent. */
  boolean isWhole() {
    return whole;
  }

  /**
   * Reads the number that begins at {@code from}, as far as it goes.
   *
   * @param json whether it must be written as JSON demands, or more freely: {@code +1}, {@code .5},
   *     {@code 5.}, {@code 007}
   * @return whether there is one
   */
  boolean read(byte[] bytes, int from, int limit, boolean json) {
    int at = from;
    boolean negative = false;
    if (at < limit && (bytes[at] == '-' || (bytes[at] == '+' && !json))) {
      negative = bytes[at++] == '-';
    }
    long mantissa = 0;
    int start = at;
    int digit;
    while (at < limit && (digit = bytes[at] - '0') >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      at++;
    }
    int digits = at - start;
    if (json && (digits == 0 || (digits > 1 && bytes[start] == '0'))) {
      return false;
    }
    int fraction = 0;
    whole = true;
    if (at < limit && bytes[at] == '.') {
      whole = false;
      int point = ++at;
      while (at < limit && (digit = bytes[at] - '0') >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        at++;
      }
      fraction = at - point;
      digits += fraction;
      if (json && fraction == 0) {
        return false;
      }
    }
    if (digits == 0) {
      return false;
    }
    int exponent = 0;
    if (at < limit && (bytes[at] | 0x20) == 'e') {
      whole = false;
      int sign = ++at;
      boolean down = false;
      if (at < limit && (bytes[at] == '-' || bytes[at] == '+')) {
        down = bytes[at++] == '-';
        sign = at;
      }
      while (at < limit && (digit = bytes[at] - '0') >= 0 && digit <= 9) {
        exponent = Math.min(exponent * 10 + digit, 100_000);
        at++;
      }
      if (at == sign) {
        return false;
      }
      exponent = down ? -exponent : exponent;
    }
    end = at;
    int scale = exponent - fraction;
    if (digits <= 18 && mantissa <= 1L << 53 && scale >= -22 && scale <= 22) {
      double magnitude = scale < 0 ? mantissa / POWERS[-scale] : mantissa * POWERS[scale];
      value = negative ? -magnitude : magnitude;
      return true;
    }
    if (at - from > MAX_LENGTH) {
      return false;
    }
    value = Double.parseDouble(new String(bytes, from, at - from, StandardCharsets.ISO_8859_1));
    return true;
  }
}
