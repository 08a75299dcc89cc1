package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import java.util.Arrays;

/** Walks one body of line protocol. Not safe for use by many threads. */
final class InfluxLineParser {

  /** How many fields a line may have. */
  static final int MAX_FIELDS_PER_LINE = 1024;

  private static final byte[][] TRUE = {{'t'}, {'T'}, ascii("true"), ascii("True"), ascii("TRUE")};
  private static final byte[][] FALSE = {
    {'f'}, {'F'}, ascii("false"), ascii("False"), ascii("FALSE")
  };

  private final DecodeContext context;
  private final byte[] bytes;
  private final int size;
  private final long unitsPerMs;
  private final long msPerUnit;

  /** Where parsing stands. */
  private int at;

  private SeriesKey[] keys = new SeriesKey[16];
  private double[] values = new double[16];
  private int pending;

  InfluxLineParser(DecodeContext context, byte[] bytes, int size, long unitsPerMs, long msPerUnit) {
    this.context = context;
    this.bytes = bytes;
    this.size = size;
    this.unitsPerMs = unitsPerMs;
    this.msPerUnit = msPerUnit;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  DecodedBatch parse() {
    int line = 0;
    int counted = 0;
    while (at < size) {
      byte first = bytes[at];
      if (first == '\n') {
        at++;
      } else if (first == ' ' || first == '\r' || first == '\t') {
        at++;
        continue;
      } else if (first == '#') {
        skipLine();
      } else {
        pending = 0;
        try {
          line(line);
        } catch (RowProblem problem) {
          context.errors.reject(line, problem.code, problem.getMessage());
          skipLine();
        }
      }
      // Strings may span lines, so the lines are counted by their ends.
      while (counted < at) {
        if (bytes[counted++] == '\n') {
          line++;
        }
      }
    }
    return context.finish();
  }

  private void skipLine() {
    while (at < size && bytes[at] != '\n') {
      at++;
    }
    if (at < size) {
      at++;
    }
  }

  private void line(int row) {
    int from = at;
    LineEntry entry = entryOfLine();
    LineEntry.Fields fields = entry == null ? LineEntry.Fields.NONE : entry.fields();
    int keyTo = at;
    at++;
    while (at < size && bytes[at] == ' ') {
      at++;
    }
    boolean strings = false;
    int count = 0;
    int expected = 0;
    do {
      if (++count > MAX_FIELDS_PER_LINE) {
        throw new RowProblem(
            ErrorCode.LABEL_LIMIT,
            "",
            "the line has more than " + MAX_FIELDS_PER_LINE + " fields; split it");
      }
      int nameFrom = at;
      int known = expectedField(fields, expected);
      int nameTo;
      if (known >= 0) {
        nameTo = nameFrom + fields.names[known].length;
        at = nameTo + 1;
      } else {
        nameTo = scanFieldName();
      }
      if (at < size && bytes[at] == '"') {
        skipString();
        strings = true;
      } else {
        double value = number();
        if (known < 0) {
          known = fields.indexOf(bytes, nameFrom, nameTo);
        }
        SeriesKey key;
        if (known >= 0) {
          key = fields.keys[known];
          expected = known + 1;
        } else {
          key = newField(entry, from, keyTo, nameFrom, nameTo);
          if (entry == null) {
            entry = keepLine(from, keyTo);
          }
          context.cache.addField(entry, Arrays.copyOfRange(bytes, nameFrom, nameTo), key);
          fields = entry.fields();
          expected = fields.names.length;
        }
        hold(key, value);
      }
    } while (at < size && bytes[at] == ',' && ++at >= 0);
    long time = time();
    if (pending == 0 && strings) {
      throw invalid("the line has no field that is a number or a boolean");
    }
    skipLine();
    SampleBatch.Builder samples = context.samples();
    for (int i = 0; i < pending; i++) {
      samples.add(keys[i], time, values[i], row);
    }
  }

  private void hold(SeriesKey key, double value) {
    int i = pending;
    if (i == values.length) {
      keys = Arrays.copyOf(keys, i * 2);
      values = Arrays.copyOf(values, i * 2);
    }
    keys[i] = key;
    values[i] = value;
    pending = i + 1;
  }

  /** Finds measurement and tags; leaves {@link #at} at the space behind them. */
  private LineEntry entryOfLine() {
    int from = at;
    CacheEntry predicted = context.predicted();
    if (predicted != null && predicted.isAt(bytes, from, size)) {
      int end = from + predicted.raw.length;
      // No raw key ends in a backslash that would escape this space.
      if (end < size && bytes[end] == ' ' && predicted instanceof LineEntry entry) {
        context.hitPredicted(entry);
        at = end;
        return entry;
      }
    }
    int p = from;
    while (p < size && bytes[p] != ' ' && bytes[p] != '\n') {
      p += bytes[p] == '\\' && p + 1 < size && bytes[p + 1] != '\n' ? 2 : 1;
    }
    at = Math.min(p, size);
    if (p >= size || bytes[p] == '\n') {
      throw invalid("the line has no fields; write measurement,tag=value field=1 timestamp");
    }
    long hash = context.scope.hash(bytes, from, p - from);
    CacheEntry found = context.cache.find(context.scope, hash, bytes, from, p - from);
    if (found instanceof LineEntry entry) {
      context.hit(entry);
      return entry;
    }
    return null;
  }

  private LineEntry keepLine(int from, int to) {
    long hash = context.scope.hash(bytes, from, to - from);
    byte[] raw = Arrays.copyOfRange(bytes, from, to);
    LineEntry made = new LineEntry(context.scope, hash, raw, LineEntry.Fields.NONE);
    return context.keep(made) instanceof LineEntry kept ? kept : made;
  }

  /** Returns {@code expected} if the field of that place is the next one in the line, or -1. */
  private int expectedField(LineEntry.Fields fields, int expected) {
    if (expected >= fields.names.length) {
      return -1;
    }
    byte[] name = fields.names[expected];
    int end = at + name.length;
    if (end >= size || bytes[end] != '=') {
      return -1;
    }
    for (int i = 0, p = at; i < name.length; i++, p++) {
      if (name[i] != bytes[p]) {
        return -1;
      }
    }
    return expected;
  }

  /** Moves behind the equals sign and returns where the name ends. */
  private int scanFieldName() {
    int from = at;
    int p = from;
    while (p < size && bytes[p] != '=' && bytes[p] != '\n' && bytes[p] != ' ' && bytes[p] != ',') {
      p += bytes[p] == '\\' && p + 1 < size && bytes[p + 1] != '\n' ? 2 : 1;
    }
    p = Math.min(p, size);
    at = p;
    if (p >= size || bytes[p] != '=' || p == from) {
      throw invalid(
          "a field must be written name=value, found \"" + Utf8.excerpt(bytes, from, p) + '"');
    }
    at = p + 1;
    return p;
  }

  private void skipString() {
    int p = at + 1;
    while (p < size && bytes[p] != '"') {
      p += bytes[p] == '\\' && p + 1 < size ? 2 : 1;
    }
    if (p >= size) {
      throw invalid("a string field has no closing quote");
    }
    at = p + 1;
    if (at < size && !isDelimiter(bytes[at])) {
      throw invalid("a string field must be followed by a comma, a space or the end of the line");
    }
  }

  private static boolean isDelimiter(byte b) {
    return b == ',' || b == ' ' || b == '\n' || b == '\r';
  }

  private double number() {
    int from = at;
    DecimalReader decimal = context.decimal;
    if (decimal.read(bytes, from, size, false)) {
      int end = decimal.end();
      double value = decimal.value();
      if (end >= size || isDelimiter(bytes[end])) {
        if (Double.isInfinite(value)) {
          throw badValue(from, "is too large for a double");
        }
        at = end;
        return value;
      }
      boolean unsigned = bytes[end] == 'u';
      if ((unsigned || bytes[end] == 'i')
          && decimal.isWhole()
          && (end + 1 >= size || isDelimiter(bytes[end + 1]))) {
        boolean fits =
            unsigned ? value >= 0 && value <= 0x1p64 : value >= -0x1p63 && value <= 0x1p63;
        if (!fits) {
          throw badValue(from, "is out of the range of a 64-bit integer");
        }
        at = end + 1;
        return value;
      }
    }
    int end = valueEnd(from);
    if (isOneOf(TRUE, from, end)) {
      at = end;
      return 1;
    }
    if (isOneOf(FALSE, from, end)) {
      at = end;
      return 0;
    }
    throw badValue(from, "is not a finite number, an integer such as 42i, a boolean or a string");
  }

  private int valueEnd(int from) {
    int p = from;
    while (p < size && !isDelimiter(bytes[p])) {
      p++;
    }
    return p;
  }

  private boolean isOneOf(byte[][] words, int from, int to) {
    for (byte[] word : words) {
      if (word.length == to - from && Arrays.equals(word, 0, word.length, bytes, from, to)) {
        return true;
      }
    }
    return false;
  }

  private RowProblem badValue(int from, String what) {
    at = from;
    return invalid("the value \"" + Utf8.excerpt(bytes, from, valueEnd(from)) + "\" " + what);
  }

  /** Reads the time, if there is one; leaves {@link #at} at the end of the line. */
  private long time() {
    skipBlanks();
    if (at >= size || bytes[at] == '\n') {
      return context.nowMs;
    }
    int p = at;
    boolean negative = bytes[p] == '-';
    if (negative) {
      p++;
    }
    int from = p;
    long units = 0;
    int digit;
    while (p < size && (digit = bytes[p] - '0') >= 0 && digit <= 9) {
      units = units * 10 + digit;
      p++;
    }
    if (p == from) {
      throw invalid(
          "the time \"" + Utf8.excerpt(bytes, at, valueEnd(at)) + "\" is not a whole number");
    }
    if (p - from > 18) {
      // 19 digits: this year in nanoseconds. Wrapping shows as a smaller or negative number.
      boolean fits = p - from == 19 && units >= 1_000_000_000_000_000_000L;
      if (!fits) {
        at = p;
        throw badTime();
      }
    }
    at = p;
    skipBlanks();
    if (at < size && bytes[at] != '\n') {
      throw invalid(
          "the line goes on after the time with \""
              + Utf8.excerpt(bytes, at, valueEnd(at))
              + "\"; a space in a name or tag needs a backslash");
    }
    if (units > Long.MAX_VALUE / msPerUnit) {
      throw badTime();
    }
    long ms = msPerUnit * (negative ? -units : units);
    return unitsPerMs == 1 ? ms : Math.floorDiv(ms, unitsPerMs);
  }

  private static RowProblem badTime() {
    return new RowProblem(
        ErrorCode.INVALID_TIME, "", "the time is out of range; check it and the precision");
  }

  private void skipBlanks() {
    while (at < size && (bytes[at] == ' ' || bytes[at] == '\r' || bytes[at] == '\t')) {
      at++;
    }
  }

  /** Returns the series of a field that the entry of the line does not have. */
  private SeriesKey newField(LineEntry entry, int from, int to, int nameFrom, int nameTo) {
    boolean full = entry != null && entry.fields().names.length >= LineEntry.MAX_FIELDS;
    if (!full) {
      return key(from, to, nameFrom, nameTo);
    }
    // Rare: a line with hundreds of fields. Each of the further ones has an entry of its own.
    byte[] raw = new byte[to - from + 1 + nameTo - nameFrom];
    System.arraycopy(bytes, from, raw, 0, to - from);
    raw[to - from] = ' ';
    System.arraycopy(bytes, nameFrom, raw, to - from + 1, nameTo - nameFrom);
    SeriesCache.Scope scope = context.cache.scope(context.scope.tenant, Protocol.INFLUX_FIELD);
    long hash = scope.hash(raw, 0, raw.length);
    if (context.cache.find(scope, hash, raw, 0, raw.length) instanceof SeriesEntry found) {
      return found.key;
    }
    SeriesKey key = key(from, to, nameFrom, nameTo);
    SeriesEntry made = new SeriesEntry(scope, hash, raw, raw.length, key);
    return context.cache.put(made) instanceof SeriesEntry kept ? kept.key : key;
  }

  private SeriesKey key(int from, int to, int nameFrom, int nameTo) {
    LabelAssembler labels = context.labels;
    labels.reset(false);
    int measurementTo = scan(from, to, ',', ',');
    if (measurementTo == from) {
      throw invalid("the line has no measurement before its tags");
    }
    int metricFrom = labels.mark();
    unescape(from, measurementTo);
    labels.put((byte) '_');
    unescape(nameFrom, nameTo);
    labels.metric(metricFrom, labels.mark());
    int p = measurementTo;
    while (p < to) {
      int tagFrom = p + 1;
      int equals = scan(tagFrom, to, '=', ',');
      if (equals >= to || bytes[equals] != '=') {
        throw invalid(
            "a tag must be written name=value, found \""
                + Utf8.excerpt(bytes, tagFrom, equals)
                + '"');
      }
      p = scan(equals + 1, to, ',', ',');
      int name = labels.mark();
      unescape(tagFrom, equals);
      int value = labels.mark();
      unescape(equals + 1, p);
      labels.label(name, value, value, labels.mark());
    }
    return labels.build(context.scope.tenant);
  }

  /** Returns where the first of two characters stands unescaped, or {@code to}. */
  private int scan(int from, int to, char one, char other) {
    int p = from;
    while (p < to && bytes[p] != one && bytes[p] != other) {
      p += bytes[p] == '\\' ? 2 : 1;
    }
    return Math.min(p, to);
  }

  /** A backslash escapes comma, equals, space and backslash; before anything else it is itself. */
  private void unescape(int from, int to) {
    for (int p = from; p < to; p++) {
      byte b = bytes[p];
      if (b == '\\' && p + 1 < to) {
        byte next = bytes[p + 1];
        if (next == ',' || next == '=' || next == ' ' || next == '\\') {
          b = next;
          p++;
        }
      }
      context.labels.put(b);
    }
  }

  private static RowProblem invalid(String detail) {
    return new RowProblem(ErrorCode.INVALID_VALUE, "", detail);
  }
}
