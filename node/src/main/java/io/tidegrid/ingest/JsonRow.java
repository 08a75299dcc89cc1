package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.TidegridException.FieldError;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The row of a JSON body that is being read; used again for the next. */
final class JsonRow {

  static final int UNKNOWN = 0;
  static final int METRIC_NAME = 1;
  static final int NAME = 2;
  static final int VALUE = 3;
  static final int TIMESTAMP = 4;
  static final int LABELS = 5;
  static final int DIMENSIONS = 6;
  static final int TYPE = 7;
  static final int UNIT = 8;
  static final int HELP_TEXT = 9;
  static final int METADATA = 10;
  static final int METRICS = 11;

  private static final String[] NAMES = {
    "",
    "metric_name",
    "name",
    "value",
    "timestamp",
    "labels",
    "dimensions",
    "type",
    "unit",
    "help_text",
    "metadata",
    "metrics"
  };

  private static final List<String> FIELD_NAMES = List.of(NAMES);
  private static final byte[][] KEYS = new byte[NAMES.length][];

  static {
    for (int i = 0; i < NAMES.length; i++) {
      KEYS[i] = NAMES[i].getBytes(StandardCharsets.US_ASCII);
    }
  }

  /** How a field was given. */
  private static final int MISSING = 0;

  private static final int GOOD = 1;
  private static final int WRONG_TYPE = 2;
  private static final int NOT_FINITE = 3;

  private record Problem(ErrorCode code, String pointer, String detail) {}

  private final DecodeContext context;
  private final JsonScanner in;
  private final List<Problem> problems = new ArrayList<>();

  private int nameField;
  private int nameState;
  private int nameFrom;
  private int nameTo;
  private int valueState;
  private double value;
  private int timeState;
  private long time;
  private int labelsField;
  private int labelsState;
  private int labelsFrom;
  private int labelsTo;
  private SeriesEntry labelsOf;

  /** States and places of type, unit and help text. */
  private final int[] textState = new int[3];

  private final int[] textFrom = new int[3];
  private final int[] textTo = new int[3];
  private boolean described;

  /** The text of a time read before; rows of a batch mostly have the same. */
  private int knownTimeFrom;

  private int knownTimeTo;
  private long knownTime = TimeParser.INVALID;

  JsonRow(DecodeContext context, JsonScanner in) {
    this.context = context;
    this.in = in;
  }

  void reset() {
    nameField = METRIC_NAME;
    nameState = MISSING;
    valueState = MISSING;
    timeState = MISSING;
    labelsField = LABELS;
    labelsState = MISSING;
    labelsFrom = 0;
    labelsTo = 0;
    labelsOf = null;
    if (described) {
      Arrays.fill(textState, MISSING);
      described = false;
    }
    if (!problems.isEmpty()) {
      problems.clear();
    }
  }

  /** Reads an object. */
  void read() {
    reset();
    if (in.enter('}')) {
      do {
        in.next();
        int from = in.at + 1;
        in.string();
        int field = fieldAt(from);
        in.expect(':');
        readField(field);
      } while (in.more('}'));
    }
  }

  /** Returns which field the string between {@code from} and the scanner's place names. */
  int fieldAt(int from) {
    int end = in.at - 1;
    if (in.wasEscaped()) {
      return Math.max(UNKNOWN, FIELD_NAMES.indexOf(unescaped(from, end)));
    }
    return fieldOf(in.bytes, from, end);
  }

  private static int fieldOf(byte[] bytes, int from, int end) {
    int length = end - from;
    if (length == 0) {
      return UNKNOWN;
    }
    for (int i = 1; i < KEYS.length; i++) {
      byte[] key = KEYS[i];
      if (key.length == length && key[0] == bytes[from] && key[1] == bytes[from + 1]) {
        int same = 2;
        while (same < length && key[same] == bytes[from + same]) {
          same++;
        }
        if (same == length) {
          return i;
        }
      }
    }
    return UNKNOWN;
  }

  private String unescaped(int from, int to) {
    LabelAssembler text = context.labels;
    text.reset(true);
    int mark = text.mark();
    in.unescape(from, to, text);
    return text.text(mark, text.mark());
  }

  /** Reads the value of a field. */
  void readField(int field) {
    byte first = in.next();
    switch (field) {
      case METRIC_NAME, NAME -> {
        int from = in.at;
        in.skipValue();
        nameField = field;
        nameState = first == '"' ? GOOD : first == 'n' ? MISSING : WRONG_TYPE;
        nameFrom = from + 1;
        nameTo = in.at - 1;
      }
      case VALUE -> readValue(first);
      case TIMESTAMP -> readTime(first);
      case LABELS, DIMENSIONS -> readLabels(field, first);
      case TYPE, UNIT, HELP_TEXT -> {
        int i = field - TYPE;
        int from = in.at;
        in.skipValue();
        textState[i] = first == '"' ? GOOD : first == 'n' ? MISSING : WRONG_TYPE;
        textFrom[i] = from + 1;
        textTo[i] = in.at - 1;
        described = true;
      }
      default -> in.skipValue();
    }
  }

  private void readValue(byte first) {
    if ((first >= '0' && first <= '9') || first == '-') {
      if (first == '-' && in.skipWord(JsonScanner.Words.MINUS_INFINITY)) {
        valueState = NOT_FINITE;
        return;
      }
      in.number();
      value = in.decimal.value();
      valueState = Double.isInfinite(value) ? NOT_FINITE : GOOD;
    } else if (in.skipWord(JsonScanner.Words.NAN) || in.skipWord(JsonScanner.Words.INFINITY)) {
      // No JSON, but what some libraries write; one such row must not cost the whole batch.
      valueState = NOT_FINITE;
    } else {
      in.skipValue();
      valueState = first == 'n' ? MISSING : WRONG_TYPE;
    }
  }

  private void readTime(byte first) {
    if (first == '"') {
      int from = in.at + 1;
      in.string();
      int to = in.at - 1;
      byte[] bytes = in.bytes;
      if (knownTime == TimeParser.INVALID
          || !Arrays.equals(bytes, from, to, bytes, knownTimeFrom, knownTimeTo)) {
        knownTime = TimeParser.parse(bytes, from, to);
        knownTimeFrom = from;
        knownTimeTo = to;
      }
      time = knownTime;
      timeState = time == TimeParser.INVALID ? NOT_FINITE : GOOD;
    } else if ((first >= '0' && first <= '9') || first == '-') {
      in.number();
      time = TimeParser.ofNumber(in.decimal.value());
      timeState = time == TimeParser.INVALID ? NOT_FINITE : GOOD;
    } else {
      in.skipValue();
      timeState = first == 'n' ? MISSING : WRONG_TYPE;
    }
  }

  private void readLabels(int field, byte first) {
    labelsField = field;
    labelsOf = null;
    labelsFrom = in.at;
    if (first == '{'
        && context.predicted() instanceof SeriesEntry predicted
        && startsWithLabelsOf(predicted)) {
      in.at += predicted.raw.length - predicted.split;
      labelsOf = predicted;
      labelsState = GOOD;
    } else {
      in.skipValue();
      labelsState = first == '{' ? GOOD : first == 'n' ? MISSING : WRONG_TYPE;
    }
    labelsTo = labelsState == GOOD ? in.at : labelsFrom;
  }

  private boolean startsWithLabelsOf(SeriesEntry entry) {
    int length = entry.raw.length - entry.split;
    return length > 0
        && in.size - in.at >= length
        && Arrays.equals(entry.raw, entry.split, entry.raw.length, in.bytes, in.at, in.at + length);
  }

  /** Adds the sample of the row, or reports why not. */
  void addOrReject(int index, String pointer) {
    SeriesKey key = check();
    if (key != null) {
      add(key, index);
    } else {
      Problem first = problems.get(0);
      context.errors.reject(
          index,
          first.code,
          context.errors.isFull()
              ? ""
              : pointer + "/" + index + first.pointer + ": " + first.detail);
    }
  }

  /**
   * Adds the sample of the row.
   *
   * @throws TidegridException when something is wrong with it, all of it
   */
  void addOrThrow() {
    SeriesKey key = check();
    if (key != null) {
      add(key, 0);
      return;
    }
    Problem first = problems.get(0);
    List<FieldError> errors =
        problems.stream().map(p -> new FieldError(p.pointer, p.detail)).toList();
    throw new TidegridException(first.code, first.detail, errors, Duration.ZERO, null);
  }

  private void add(SeriesKey key, int index) {
    context.samples().add(key, timeState == GOOD ? time : context.nowMs, value, index);
    if (described) {
      context.metadata.add(key.labels().metricName(), text(TYPE), text(UNIT), text(HELP_TEXT));
    }
  }

  private String text(int field) {
    int i = field - TYPE;
    return textState[i] == GOOD ? unescaped(textFrom[i], textTo[i]) : "";
  }

  /** Returns the series of the row, or null when there are problems. */
  private SeriesKey check() {
    String nameKey = NAMES[nameField];
    if (nameState == MISSING) {
      invalid("/" + nameKey, nameKey + " is missing; give the name of the metric");
    } else if (nameState == WRONG_TYPE) {
      invalid("/" + nameKey, nameKey + " must be a string");
    } else if (nameFrom == nameTo) {
      invalid("/" + nameKey, nameKey + " must not be empty");
    }
    if (valueState != GOOD) {
      invalid(
          "/value",
          switch (valueState) {
            case MISSING -> "value is missing; give a number";
            case NOT_FINITE -> "value must be a finite number";
            default -> "value must be a number";
          });
    }
    if (timeState == WRONG_TYPE || timeState == NOT_FINITE) {
      problems.add(
          new Problem(
              ErrorCode.INVALID_TIME,
              "/timestamp",
              "timestamp must be an RFC 3339 time such as 2025-01-15T10:30:00Z, or seconds or"
                  + " milliseconds since 1970"));
    }
    if (labelsState == WRONG_TYPE) {
      invalid(
          "/" + NAMES[labelsField], NAMES[labelsField] + " must be an object of names and values");
    }
    for (int i = 0; described && i < textState.length; i++) {
      if (textState[i] == WRONG_TYPE) {
        invalid("/" + NAMES[TYPE + i], NAMES[TYPE + i] + " must be a string");
      }
    }
    boolean identified = nameState == GOOD && nameFrom < nameTo && labelsState != WRONG_TYPE;
    SeriesKey key = identified ? series() : null;
    return problems.isEmpty() ? key : null;
  }

  private SeriesKey series() {
    byte[] bytes = in.bytes;
    SeriesEntry predicted = labelsOf;
    if (predicted != null
        && Arrays.equals(predicted.raw, 0, predicted.split, bytes, nameFrom, nameTo)) {
      context.hitPredicted(predicted);
      return predicted.key;
    }
    int nameLength = nameTo - nameFrom;
    int labelsLength = labelsTo - labelsFrom;
    long hash = context.scope.hash(bytes, nameFrom, nameLength, labelsFrom, labelsLength);
    SeriesEntry found =
        context.cache.find(
            context.scope, hash, bytes, nameFrom, nameLength, labelsFrom, labelsLength);
    if (found != null) {
      context.hit(found);
      return found.key;
    }
    SeriesKey key;
    try {
      key = key();
    } catch (RowProblem problem) {
      String pointer =
          problem.label.equals(Labels.METRIC_NAME)
              ? "/" + NAMES[nameField]
              : problem.label.isEmpty() ? "/" + NAMES[labelsField] : labelPointer(problem.label);
      problems.add(new Problem(problem.code, pointer, problem.getMessage()));
      return null;
    }
    if (key == null) {
      return null;
    }
    byte[] raw = Arrays.copyOfRange(bytes, nameFrom, nameFrom + nameLength + labelsLength);
    System.arraycopy(bytes, labelsFrom, raw, nameLength, labelsLength);
    CacheEntry kept = context.keep(new SeriesEntry(context.scope, hash, raw, nameLength, key));
    return kept instanceof SeriesEntry entry ? entry.key : key;
  }

  /** Parses name and labels; returns null when a problem was noted. */
  private SeriesKey key() {
    LabelAssembler labels = context.labels;
    labels.reset(true);
    in.unescape(nameFrom, nameTo, labels);
    labels.metric(0, labels.mark());
    int resume = in.at;
    try {
      in.at = labelsFrom;
      if (labelsFrom < labelsTo && in.enter('}')) {
        do {
          label();
        } while (in.more('}'));
      }
    } finally {
      in.at = resume;
    }
    return problems.isEmpty() ? labels.build(context.scope.tenant) : null;
  }

  private void label() {
    LabelAssembler labels = context.labels;
    in.next();
    int quote = in.at;
    in.string();
    int nameMark = labels.mark();
    in.unescape(quote + 1, in.at - 1, labels);
    int valueMark = labels.mark();
    in.expect(':');
    byte first = in.next();
    int from = in.at;
    in.skipValue();
    if (first == '{' || first == '[') {
      String name = Utf8.excerpt(in.bytes, quote + 1, quote + 1 + valueMark - nameMark);
      invalid(labelPointer(name), "the value of a label must be a string");
      return;
    }
    if (labels.isMetricName(nameMark, valueMark)) {
      invalid(
          labelPointer(Labels.METRIC_NAME),
          "the label __name__ holds the metric name; give it as " + NAMES[nameField]);
      return;
    }
    if (first == '"') {
      in.unescape(from + 1, in.at - 1, labels);
    } else if (first != 'n') {
      labels.put(in.bytes, from, in.at);
    }
    labels.label(nameMark, valueMark, valueMark, labels.mark());
  }

  private String labelPointer(String label) {
    return "/" + NAMES[labelsField] + "/" + label.replace("~", "~0").replace("/", "~1");
  }

  private void invalid(String pointer, String detail) {
    problems.add(new Problem(ErrorCode.INVALID_VALUE, pointer, detail));
  }
}
