package io.tidegrid.ingest;

import java.nio.charset.StandardCharsets;

/** UTF-8 as of RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. */
final class Utf8 {

  private Utf8() {}

  /** Tells whether the bytes from {@code from} to before {@code to} are valid UTF-8. */
  static boolean isValid(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to) {
      int lead = bytes[at++];
      if (lead >= 0) {
        continue;
      }
      int more;
      int min = 0x80;
      int max = 0xBF;
      lead &= 0xFF;
      if (lead >= 0xC2 && lead <= 0xDF) {
        more = 1;
      } else if (lead >= 0xE0 && lead <= 0xEF) {
        more = 2;
        min = lead == 0xE0 ? 0xA0 : min;
        max = lead == 0xED ? 0x9F : max;
      } else if (lead >= 0xF0 && lead <= 0xF4) {
        more = 3;
        min = lead == 0xF0 ? 0x90 : min;
        max = lead == 0xF4 ? 0x8F : max;
      } else {
        return false;
      }
      for (int i = 0; i < more; i++) {
        int next = at < to ? bytes[at++] & 0xFF : 0;
        if (next < min || next > max) {
          return false;
        }
        min = 0x80;
        max = 0xBF;
      }
    }
    return true;
  }

  /** Returns the bytes as text for a message: cut to a readable length, made printable. */
  static String excerpt(byte[] bytes, int from, int to) {
    int end = Math.min(to, from + 60);
    String text = new String(bytes, from, Math.max(0, end - from), StandardCharsets.UTF_8);
    StringBuilder printable = new StringBuilder();
    text.codePoints()
        .forEach(c -> printable.appendCodePoint(Character.isISOControl(c) ? 0xFFFD : c));
    return end < to ? printable.append("...").toString() : printable.toString();
  }
}
