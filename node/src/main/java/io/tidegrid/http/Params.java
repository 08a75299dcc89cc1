package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The parameters of a query string, each name with its values in order. Immutable. */
final class Params {

  private final Map<String, List<String>> values;

  private Params(Map<String, List<String>> values) {
    this.values = values;
  }

  /**
   * Reads a query string. Characters that should have been escaped are taken as they are.
   *
   * @throws TidegridException with {@link ErrorCode#NOT_PARSEABLE} for a broken escape
   */
  static Params parse(String rawQuery) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    int at = 0;
    while (at < rawQuery.length()) {
      int end = rawQuery.indexOf('&', at);
      end = end < 0 ? rawQuery.length() : end;
      if (end > at) {
        int equals = rawQuery.indexOf('=', at);
        boolean named = equals >= 0 && equals < end;
        String name = decode(rawQuery.substring(at, named ? equals : end), true);
        String value = named ? decode(rawQuery.substring(equals + 1, end), true) : "";
        values.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
      }
      at = end + 1;
    }
    return new Params(values);
  }

  /**
   * Undoes percent escapes.
   *
   * @param plusIsSpace as in query strings, not in paths
   */
  static String decode(String raw, boolean plusIsSpace) {
    if (raw.indexOf('%') < 0 && (!plusIsSpace || raw.indexOf('+') < 0) && isAscii(raw)) {
      return raw;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        int high = i + 2 < raw.length() ? Character.digit(raw.charAt(i + 1), 16) : -1;
        int low = i + 2 < raw.length() ? Character.digit(raw.charAt(i + 2), 16) : -1;
        if (high < 0 || low < 0) {
          throw badEscape();
        }
        bytes.write(high << 4 | low);
        i += 2;
      } else if (c == '+' && plusIsSpace) {
        bytes.write(' ');
      } else {
        bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw badEscape();
    }
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  private static TidegridException badEscape() {
    return new TidegridException(
        ErrorCode.NOT_PARSEABLE,
        "the URL has a percent sign that does not begin an escape of UTF-8 text; write %25 for"
            + " the sign itself");
  }

  /** Returns the first value of the first of these names that is given and not empty. */
  Optional<String> first(String... names) {
    for (String name : names) {
      for (String value : values.getOrDefault(name, List.of())) {
        if (!value.isEmpty()) {
          return Optional.of(value);
        }
      }
    }
    return Optional.empty();
  }

  /** Returns all values of a name, in order. */
  List<String> all(String name) {
    return List.copyOf(values.getOrDefault(name, List.of()));
  }

  /** Returns the names, in order. */
  Set<String> names() {
    return values.keySet();
  }

  /**
   * Returns a whole number.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE} outside of the bounds
   */
  int integer(String name, int byDefault, int min, int max) {
    Optional<String> text = first(name);
    if (text.isEmpty()) {
      return byDefault;
    }
    try {
      int value = Integer.parseInt(text.get().strip());
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Answered as a value out of bounds is.
    }
    throw TidegridException.ofField(
        ErrorCode.INVALID_VALUE, name, name + " must be a whole number from " + min + " to " + max);
  }
}
