package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.util.regex.Pattern;

/** Reads a condition on a label as Prometheus writes it, such as {@code host=~"web-.*"}. */
final class MatcherParser {

  private static final Pattern FORM =
      Pattern.compile("([^=!~\"{},\\s]{1,512})\\s*(=~|!~|!=|=)\\s*(.*)", Pattern.DOTALL);

  private MatcherParser() {}

  /**
   * Returns the condition; the quotes around the value may be left off.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE}
   */
  static Matcher parse(String text, String pointer) {
    java.util.regex.Matcher parts = FORM.matcher(text.strip());
    if (!parts.matches()) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE,
          pointer,
          "\""
              + TimeParser.shortened(text)
              + "\" is no matcher; write one such as host=\"a\", host!=\"a\", host=~\"a.*\" or"
              + " host!~\"a.*\"");
    }
    Matcher.Type type =
        switch (parts.group(2)) {
          case "=" -> Matcher.Type.EQUAL;
          case "!=" -> Matcher.Type.NOT_EQUAL;
          case "=~" -> Matcher.Type.REGEX;
          default -> Matcher.Type.NOT_REGEX;
        };
    try {
      return Matcher.of(type, parts.group(1), unquoted(parts.group(3)));
    } catch (TidegridException e) {
      throw TidegridException.ofField(e.code(), pointer, e.getMessage());
    }
  }

  private static String unquoted(String value) {
    if (value.length() < 2 || !value.startsWith("\"") || !value.endsWith("\"")) {
      return value;
    }
    StringBuilder plain = new StringBuilder(value.length());
    for (int i = 1; i < value.length() - 1; i++) {
      char c = value.charAt(i);
      if (c == '\\' && i + 1 < value.length() - 1) {
        i++;
        char escaped = value.charAt(i);
        plain.append(escaped == 'n' ? '\n' : escaped);
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }
}
