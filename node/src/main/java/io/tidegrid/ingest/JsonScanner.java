package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.util.Arrays;

/**
 * Moves over JSON text as of RFC 8259, byte by byte, without making objects of it. Every method
 * begins at {@link #at} and leaves it behind what it read. Not safe for use by many threads.
 */
final class JsonScanner {

  private static final int MAX_DEPTH = 64;

  final byte[] bytes;
  final int size;
  final DecimalReader decimal;
  int at;

  /** Whether the string read last holds a backslash. */
  private boolean escaped;

  JsonScanner(byte[] bytes, int size, DecimalReader decimal) {
    this.bytes = bytes;
    this.size = size;
    this.decimal = decimal;
  }

  TidegridException notJson(int position, String what) {
    return new TidegridException(
        ErrorCode.NOT_PARSEABLE, "the body is not valid JSON at byte " + position + ": " + what);
  }

  /** Skips white space and returns the byte after it, or 0 at the end. */
  byte next() {
    int p = at;
    while (p < size) {
      byte b = bytes[p];
      if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
        at = p;
        return b;
      }
      p++;
    }
    at = p;
    return 0;
  }

  /** Skips white space and the byte that must come then. */
  void expect(char wanted) {
    if (next() != wanted || at >= size) {
      throw notJson(at, "expected " + wanted);
    }
    at++;
  }

  /** After an element: returns true behind a comma, false behind the closing byte. */
  boolean more(char closing) {
    byte b = next();
    if (at < size && (b == ',' || b == closing)) {
      at++;
      return b == ',';
    }
    throw notJson(at, "expected a comma or " + closing);
  }

  /** Moves into an object or array; returns false, and moves behind it, when it is empty. */
  boolean enter(char closing) {
    at++;
    if (next() == closing && at < size) {
      at++;
      return false;
    }
    return true;
  }

  /** Tells whether the string skipped last holds escapes. */
  boolean wasEscaped() {
    return escaped;
  }

  /** Skips a string, quotes and all; its content lies between them. */
  void string() {
    if (next() != '"') {
      throw notJson(at, "expected a string in double quotes");
    }
    int start = at;
    int p = at + 1;
    escaped = false;
    while (p < size) {
      byte b = bytes[p];
      if (b == '"') {
        at = p + 1;
        return;
      }
      if (b == '\\') {
        escaped = true;
        p = escape(p);
      } else if (b >= 0 && b < 0x20) {
        throw notJson(p, "a control character in a string must be escaped");
      } else {
        p++;
      }
    }
    throw notJson(start, "the string has no closing quote");
  }

  private int escape(int backslash) {
    int p = backslash + 1;
    if (p < size) {
      switch (bytes[p]) {
        case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> {
          return p + 1;
        }
        case 'u' -> {
          if (size - p >= 5 && hex(p + 1) >= 0) {
            return p + 5;
          }
        }
        default -> {
          // refused below
        }
      }
    }
    throw notJson(backslash, "an unknown escape");
  }

  private int hex(int from) {
    int value = 0;
    for (int i = from; i < from + 4; i++) {
      int digit = Character.digit((char) (bytes[i] & 0xFF), 16);
      if (digit < 0) {
        return -1;
      }
      value = (value << 4) | digit;
    }
    return value;
  }

  /**
   * Puts the content of a valid string into the assembler's text, escapes undone. A surrogate
   * without its other half becomes bytes that are not valid UTF-8, to be refused there.
   */
  void unescape(int from, int to, LabelAssembler into) {
    int p = from;
    while (p < to) {
      int run = p;
      while (p < to && bytes[p] != '\\') {
        p++;
      }
      into.put(bytes, run, p);
      if (p < to) {
        byte kind = bytes[p + 1];
        p += 2;
        if (kind == 'u') {
          int unit = hex(p);
          p += 4;
          boolean pair =
              Character.isHighSurrogate((char) unit)
                  && to - p >= 6
                  && bytes[p] == '\\'
                  && bytes[p + 1] == 'u'
                  && Character.isLowSurrogate((char) hex(p + 2));
          if (pair) {
            putCodePoint(Character.toCodePoint((char) unit, (char) hex(p + 2)), into);
            p += 6;
          } else {
            putCodePoint(unit, into);
          }
        } else {
          into.put(plain(kind));
        }
      }
    }
  }

  private static byte plain(byte kind) {
    return switch (kind) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      default -> kind;
    };
  }

  private static void putCodePoint(int c, LabelAssembler into) {
    if (c < 0x80) {
      into.put((byte) c);
    } else if (c < 0x800) {
      into.put((byte) (0xC0 | (c >> 6)));
      into.put((byte) (0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
      into.put((byte) (0xE0 | (c >> 12)));
      into.put((byte) (0x80 | ((c >> 6) & 0x3F)));
      into.put((byte) (0x80 | (c & 0x3F)));
    } else {
      into.put((byte) (0xF0 | (c >> 18)));
      into.put((byte) (0x80 | ((c >> 12) & 0x3F)));
      into.put((byte) (0x80 | ((c >> 6) & 0x3F)));
      into.put((byte) (0x80 | (c & 0x3F)));
    }
  }

  /** Reads a number; its value is in {@link #decimal}. */
  void number() {
    if (!decimal.read(bytes, at, size, true)) {
      throw notJson(at, "not a number as JSON writes it");
    }
    at = decimal.end();
  }

  /** Skips the word if it stands here. */
  boolean skipWord(byte[] word) {
    int end = at + word.length;
    if (end <= size && Arrays.equals(bytes, at, end, word, 0, word.length)) {
      at = end;
      return true;
    }
    return false;
  }

  /** Skips any value. */
  void skipValue() {
    skipValue(0);
  }

  private void skipValue(int depth) {
    if (depth > MAX_DEPTH) {
      throw notJson(at, "nested deeper than " + MAX_DEPTH);
    }
    switch (next()) {
      case '"' -> string();
      case '{' -> {
        if (enter('}')) {
          do {
            string();
            expect(':');
            skipValue(depth + 1);
          } while (more('}'));
        }
      }
      case '[' -> {
        if (enter(']')) {
          do {
            skipValue(depth + 1);
          } while (more(']'));
        }
      }
      case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> number();
      default -> {
        if (!skipWord(Words.NULL) && !skipWord(Words.TRUE) && !skipWord(Words.FALSE)) {
          throw notJson(at, at < size ? "expected a value" : "the text ends too early");
        }
      }
    }
  }

  /** The words of JSON, and those that some writers take for it. */
  static final class Words {
    static final byte[] NULL = {'n', 'u', 'l', 'l'};
    static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
    static final byte[] NAN = {'N', 'a', 'N'};
    static final byte[] INFINITY = {'I', 'n', 'f', 'i', 'n', 'i', 't', 'y'};
    static final byte[] MINUS_INFINITY = {'-', 'I', 'n', 'f', 'i', 'n', 'i', 't', 'y'};

    private Words() {}
  }
}
