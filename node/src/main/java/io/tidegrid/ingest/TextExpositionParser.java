package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.SeriesKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** Walks one body of the text exposition format. Not safe for use by many threads. */
final class TextExpositionParser {

  private final DecodeContext context;
  private final byte[] bytes;
  private final int size;
  private final boolean openMetrics;

  /** Where parsing stands, inside the line that ends before {@link #lineEnd}. */
  private int at;

  private int lineEnd;

  TextExpositionParser(DecodeContext context, byte[] bytes, int size, boolean openMetrics) {
    this.context = context;
    this.bytes = bytes;
    this.size = size;
    this.openMetrics = openMetrics;
  }

  DecodedBatch parse() {
    int next = 0;
    for (int row = 0; next < size; row++) {
      at = next;
      lineEnd = at;
      while (lineEnd < size && bytes[lineEnd] != '\n') {
        lineEnd++;
      }
      next = lineEnd + 1;
      if (lineEnd > at && bytes[lineEnd - 1] == '\r') {
        lineEnd--;
      }
      skipBlanks();
      if (at == lineEnd) {
        continue;
      }
      if (bytes[at] == '#') {
        comment();
        continue;
      }
      try {
        sample(row);
      } catch (RowProblem problem) {
        context.errors.reject(row, problem.code, problem.getMessage());
      }
    }
    return context.finish();
  }

  private void sample(int row) {
    int from = at;
    SeriesKey key = null;
    CacheEntry predicted = context.predicted();
    if (predicted != null
        && predicted.isAt(bytes, from, lineEnd)
        && endsSeries(from + predicted.raw.length)
        && predicted instanceof SeriesEntry entry) {
      context.hitPredicted(entry);
      at = from + entry.raw.length;
      key = entry.key;
    }
    if (key == null) {
      at = seriesEnd(from);
      key = find(from, at);
    }
    skipBlanks();
    double value = value();
    long time = time();
    context.samples().add(key, time, value, row);
  }

  /** Tells whether the series whose bytes end before {@code p} does not go on there. */
  private boolean endsSeries(int p) {
    if (bytes[p - 1] == '}') {
      return true;
    }
    int next = blanks(p, lineEnd);
    return next > p && next < lineEnd && bytes[next] != '{';
  }

  /** Returns where the name, and the labels if there are some, end. */
  private int seriesEnd(int from) {
    int p = from;
    while (p < lineEnd && bytes[p] != '{' && bytes[p] != ' ' && bytes[p] != '\t') {
      p++;
    }
    int blank = p;
    while (blank < lineEnd && (bytes[blank] == ' ' || bytes[blank] == '\t')) {
      blank++;
    }
    if (blank >= lineEnd || bytes[blank] != '{') {
      return p;
    }
    boolean quoted = false;
    for (p = blank + 1; p < lineEnd; p++) {
      byte b = bytes[p];
      if (quoted && b == '\\') {
        p++;
      } else if (b == '"') {
        quoted = !quoted;
      } else if (b == '}' && !quoted) {
        return p + 1;
      }
    }
    throw invalid("the labels have no closing brace");
  }

  private SeriesKey find(int from, int to) {
    long hash = context.scope.hash(bytes, from, to - from);
    CacheEntry found = context.cache.find(context.scope, hash, bytes, from, to - from);
    if (found instanceof SeriesEntry entry) {
      context.hit(entry);
      return entry.key;
    }
    SeriesKey key = key(from, to);
    byte[] raw = Arrays.copyOfRange(bytes, from, to);
    CacheEntry kept = context.keep(new SeriesEntry(context.scope, hash, raw, raw.length, key));
    return kept instanceof SeriesEntry entry ? entry.key : key;
  }

  private SeriesKey key(int from, int to) {
    LabelAssembler labels = context.labels;
    labels.reset(false);
    int p = from;
    while (p < to && isNameByte(bytes[p], p == from, true)) {
      p++;
    }
    if (p > from) {
      int mark = labels.mark();
      labels.put(bytes, from, p);
      labels.metric(mark, labels.mark());
    }
    p = blanks(p, to);
    if (p < to && bytes[p] != '{') {
      throw invalid(
          "the metric name \""
              + Utf8.excerpt(bytes, from, to)
              + "\" may hold only letters, digits, _ and :, and not begin with a digit");
    }
    p = blanks(p + 1, to);
    while (p < to && bytes[p] != '}') {
      p = blanks(label(p, to), to);
      if (p < to && bytes[p] == ',') {
        p = blanks(p + 1, to);
      } else if (p < to && bytes[p] != '}') {
        throw invalid("labels must be separated by commas");
      }
    }
    return labels.build(context.scope.tenant);
  }

  /** Reads {@code name="value"}, {@code "name"="value"}, or {@code "metric name"}. */
  private int label(int from, int to) {
    LabelAssembler labels = context.labels;
    boolean quoted = bytes[from] == '"';
    int p = from;
    int nameFrom = labels.mark();
    if (quoted) {
      p = quoted(from, to);
    } else {
      while (p < to && isNameByte(bytes[p], p == from, false)) {
        labels.put(bytes[p++]);
      }
    }
    int nameTo = labels.mark();
    p = blanks(p, to);
    if (quoted && p < to && (bytes[p] == ',' || bytes[p] == '}')) {
      labels.metric(nameFrom, nameTo);
      return p;
    }
    if (p >= to || bytes[p] != '=' || p == from) {
      throw invalid(
          "a label must be written name=\"value\", found \"" + Utf8.excerpt(bytes, from, to) + '"');
    }
    p = blanks(p + 1, to);
    if (p >= to || bytes[p] != '"') {
      throw invalid("the value of a label must be in double quotes");
    }
    p = quoted(p, to);
    labels.label(nameFrom, nameTo, nameTo, labels.mark());
    return p;
  }

  /** Unescapes a string into the labels' text and returns where it ends. */
  private int quoted(int from, int to) {
    int p = from + 1;
    while (p < to && bytes[p] != '"') {
      byte b = bytes[p++];
      if (b == '\\' && p < to) {
        byte next = bytes[p++];
        switch (next) {
          case 'n' -> context.labels.put((byte) '\n');
          case '\\', '"' -> context.labels.put(next);
          default -> {
            context.labels.put(b);
            context.labels.put(next);
          }
        }
      } else {
        context.labels.put(b);
      }
    }
    if (p >= to) {
      throw invalid("a quoted text has no closing quote");
    }
    return p + 1;
  }

  private int blanks(int from, int to) {
    int p = from;
    while (p < to && (bytes[p] == ' ' || bytes[p] == '\t')) {
      p++;
    }
    return p;
  }

  private static boolean isNameByte(byte b, boolean first, boolean metric) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || b == '_'
        || (metric && b == ':')
        || (!first && b >= '0' && b <= '9');
  }

  private double value() {
    int from = at;
    int end = wordEnd(from);
    at = end;
    if (from == end) {
      throw invalid("the line has no value after the series");
    }
    DecimalReader decimal = context.decimal;
    if (decimal.read(bytes, from, end, false) && decimal.end() == end) {
      return decimal.value();
    }
    // At most as long as "-infinity": anything longer is not a word.
    String word =
        end - from > 9
            ? ""
            : new String(bytes, from, end - from, StandardCharsets.ISO_8859_1)
                .toLowerCase(Locale.ROOT);
    return switch (word) {
      case "nan" -> Double.NaN;
      case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
      case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
      default ->
          throw invalid("the value \"" + Utf8.excerpt(bytes, from, end) + "\" is not a number");
    };
  }

  private long time() {
    skipBlanks();
    if (at == lineEnd || bytes[at] == '#') {
      return context.nowMs;
    }
    int from = at;
    int end = wordEnd(from);
    at = end;
    DecimalReader decimal = context.decimal;
    if (!decimal.read(bytes, from, end, false) || decimal.end() != end) {
      throw badTime(from, end, "is not a number");
    }
    if (!openMetrics && !decimal.isWhole()) {
      throw badTime(from, end, "is not a whole number of milliseconds");
    }
    double ms = openMetrics ? decimal.value() * 1000 : decimal.value();
    if (!(Math.abs(ms) <= TimeParser.MAX_MS)) {
      throw badTime(
          from, end, "is out of range; it is in " + (openMetrics ? "seconds" : "milliseconds"));
    }
    skipBlanks();
    if (at < lineEnd && bytes[at] != '#') {
      throw invalid(
          "the line goes on after the time with \"" + Utf8.excerpt(bytes, at, lineEnd) + '"');
    }
    return Math.round(ms);
  }

  private RowProblem badTime(int from, int to, String what) {
    return new RowProblem(
        ErrorCode.INVALID_TIME, "", "the time \"" + Utf8.excerpt(bytes, from, to) + "\" " + what);
  }

  private void comment() {
    at++;
    String keyword = word();
    switch (keyword) {
      case "HELP" -> {
        String metric = metricWord();
        context.metadata.add(metric, "", "", unescapedRest());
      }
      case "TYPE" -> {
        String metric = metricWord();
        String type = word().toLowerCase(Locale.ROOT);
        context.metadata.add(metric, type.equals("untyped") ? "unknown" : type, "", "");
      }
      case "UNIT" -> {
        String metric = metricWord();
        context.metadata.add(metric, "", word(), "");
      }
      default -> {
        // A comment for people, or the end mark of OpenMetrics.
      }
    }
  }

  private String word() {
    skipBlanks();
    int from = at;
    at = wordEnd(from);
    return new String(bytes, from, at - from, StandardCharsets.UTF_8);
  }

  private String metricWord() {
    skipBlanks();
    if (at < lineEnd && bytes[at] == '"') {
      int end = at + 1;
      while (end < lineEnd && bytes[end] != '"') {
        end += bytes[end] == '\\' ? 2 : 1;
      }
      String name = unescaped(at + 1, Math.min(end, lineEnd), true);
      at = Math.min(end + 1, lineEnd);
      return name;
    }
    return word();
  }

  private String unescapedRest() {
    skipBlanks();
    return unescaped(at, lineEnd, openMetrics);
  }

  private String unescaped(int from, int to, boolean quotes) {
    String text = new String(bytes, from, to - from, StandardCharsets.UTF_8);
    if (text.indexOf('\\') < 0) {
      return text;
    }
    StringBuilder plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      char next = c == '\\' && i + 1 < text.length() ? text.charAt(i + 1) : 0;
      if (next == 'n') {
        plain.append('\n');
        i++;
      } else if (next == '\\' || (quotes && next == '"')) {
        plain.append(next);
        i++;
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }

  private int wordEnd(int from) {
    int p = from;
    while (p < lineEnd && bytes[p] != ' ' && bytes[p] != '\t') {
      p++;
    }
    return p;
  }

  private void skipBlanks() {
    at = blanks(at, lineEnd);
  }

  private static RowProblem invalid(String detail) {
    return new RowProblem(ErrorCode.INVALID_VALUE, "", detail);
  }
}
