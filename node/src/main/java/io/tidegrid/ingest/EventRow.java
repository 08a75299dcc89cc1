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

/** The event of a JSON body that is being read; used again for the next. */
final class EventRow {

  private static final int UNKNOWN = 0;
  private static final int EVENT_ID = 1;
  private static final int DEVICE_ID = 2;
  private static final int TIME = 3;
  private static final int METRICS = 4;
  private static final int TAGS = 5;

  private static final List<byte[]> KEYS =
      List.of(
          bytes("event_id"),
          bytes("device_id"),
          bytes("timeStamp"),
          bytes("timestamp"),
          bytes("time"),
          bytes("metrics"),
          bytes("tags"));
  private static final int[] FIELDS = {EVENT_ID, DEVICE_ID, TIME, TIME, TIME, METRICS, TAGS};

  private static final int MAX_PROBLEMS = 20;

  /** How a field was given. */
  private enum State {
    MISSING,
    GOOD,
    WRONG
  }

  private final DecodeContext context;
  private final JsonScanner in;
  private final EventBuilder builder;
  private final EventLimits limits;
  private final long latestMs;
  private final List<FieldError> problems = new ArrayList<>();
  private ErrorCode problem = ErrorCode.INVALID_VALUE;

  private final Text id = new Text("event_id");
  private final Text device = new Text("device_id");
  private State timeState = State.MISSING;
  private long timeMs;
  private State metricsState = State.MISSING;
  private final EventMetrics metrics = new EventMetrics();
  private State tagsState = State.MISSING;
  private final List<String> tags = new ArrayList<>();

  /** A field that holds an id, as it stands in the body. */
  private static final class Text {

    private final String name;
    private State state = State.MISSING;
    private int from;
    private int to;
    private boolean escaped;

    Text(String name) {
      this.name = name;
    }
  }

  EventRow(DecodeContext context, JsonScanner in, IngestOptions options, EventLimits limits) {
    this.context = context;
    this.in = in;
    this.builder = new EventBuilder(context, in);
    this.limits = limits;
    this.latestMs = context.nowMs + options.maxFuture().toMillis();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Reads an object. */
  void read() {
    id.state = State.MISSING;
    device.state = State.MISSING;
    timeState = State.MISSING;
    metricsState = State.MISSING;
    metrics.clear();
    tagsState = State.MISSING;
    tags.clear();
    problems.clear();
    if (in.enter('}')) {
      do {
        in.next();
        int from = in.at + 1;
        in.string();
        int field = fieldOf(from, in.at - 1, in.wasEscaped());
        in.expect(':');
        byte first = in.next();
        switch (field) {
          case EVENT_ID -> readText(id, first);
          case DEVICE_ID -> readText(device, first);
          case TIME -> readTime(first);
          case METRICS -> readMetrics(first);
          case TAGS -> readTags(first);
          default -> in.skipValue();
        }
      } while (in.more('}'));
    }
  }

  private int fieldOf(int from, int to, boolean escaped) {
    if (escaped) {
      byte[] plain = bytes(text(from, to, true).orElse(""));
      for (int i = 0; i < FIELDS.length; i++) {
        if (Arrays.equals(KEYS.get(i), plain)) {
          return FIELDS[i];
        }
      }
      return UNKNOWN;
    }
    for (int i = 0; i < FIELDS.length; i++) {
      byte[] key = KEYS.get(i);
      if (key.length == to - from && Arrays.equals(key, 0, key.length, in.bytes, from, to)) {
        return FIELDS[i];
      }
    }
    return UNKNOWN;
  }

  private void readText(Text field, byte first) {
    field.from = in.at + 1;
    in.skipValue();
    field.to = in.at - 1;
    field.state = first == '"' ? State.GOOD : first == 'n' ? State.MISSING : State.WRONG;
    field.escaped = first == '"' && in.wasEscaped();
  }

  private void readTime(byte first) {
    long time = TimeParser.INVALID;
    timeState = State.GOOD;
    if (first == '"') {
      int from = in.at + 1;
      in.string();
      time = TimeParser.parse(in.bytes, from, in.at - 1);
    } else if (isNumber(first)) {
      in.number();
      time = TimeParser.ofNumber(in.decimal.value());
    } else {
      in.skipValue();
      timeState = first == 'n' ? State.MISSING : State.WRONG;
    }
    timeMs = time;
    if (timeState == State.GOOD && time == TimeParser.INVALID) {
      timeState = State.WRONG;
    }
  }

  private static boolean isNumber(byte first) {
    return (first >= '0' && first <= '9') || first == '-';
  }

  private void readMetrics(byte first) {
    metrics.clear();
    problems.removeIf(known -> known.pointer().startsWith("/metrics"));
    if (first != '{') {
      in.skipValue();
      metricsState = first == 'n' ? State.MISSING : State.WRONG;
      return;
    }
    metricsState = State.GOOD;
    boolean tooMany = false;
    if (in.enter('}')) {
      do {
        in.next();
        int from = in.at + 1;
        in.string();
        int to = in.at - 1;
        boolean escaped = in.wasEscaped();
        in.expect(':');
        double value = readValue();
        if (Double.isNaN(value)) {
          bad(
              ErrorCode.INVALID_VALUE,
              "/metrics/" + pointer(from, to, escaped),
              "a metric's value must be a finite number");
        } else if (metrics.count() < limits.maxMetrics()) {
          metrics.add(from, to, value);
        } else {
          tooMany = true;
        }
      } while (in.more('}'));
    }
    if (tooMany) {
      bad(
          ErrorCode.EVENT_LIMIT,
          "/metrics",
          "the event has more than "
              + limits.maxMetrics()
              + " metrics (events.max-metrics); send several events");
    }
  }

  /** Reads any value; returns NaN for what is no finite number. */
  private double readValue() {
    byte first = in.next();
    if (first == '-' && in.skipWord(JsonScanner.Words.MINUS_INFINITY)) {
      return Double.NaN;
    }
    if (isNumber(first)) {
      in.number();
      return Double.isInfinite(in.decimal.value()) ? Double.NaN : in.decimal.value();
    }
    // No JSON, but what some libraries write; one such event must not cost the whole batch.
    if (!in.skipWord(JsonScanner.Words.NAN) && !in.skipWord(JsonScanner.Words.INFINITY)) {
      in.skipValue();
    }
    return Double.NaN;
  }

  private void readTags(byte first) {
    tags.clear();
    problems.removeIf(known -> known.pointer().startsWith("/tags"));
    if (first != '[') {
      in.skipValue();
      tagsState = first == 'n' ? State.MISSING : State.WRONG;
      return;
    }
    tagsState = State.GOOD;
    int index = 0;
    if (in.enter(']')) {
      do {
        boolean string = in.next() == '"';
        int from = in.at + 1;
        in.skipValue();
        if (index < limits.maxTags()) {
          readTag(index, string, from, in.at - 1);
        }
        index++;
      } while (in.more(']'));
    }
    if (index > limits.maxTags()) {
      bad(
          ErrorCode.EVENT_LIMIT,
          "/tags",
          "the event has "
              + index
              + " tags, at most "
              + limits.maxTags()
              + " are allowed (events.max-tags)");
    }
  }

  private void readTag(int index, boolean string, int from, int to) {
    String pointer = "/tags/" + index;
    if (!string || from == to) {
      bad(ErrorCode.INVALID_VALUE, pointer, "a tag must be a string that is not empty");
      return;
    }
    // Undone escapes are never longer than what they are written as.
    boolean escaped = in.wasEscaped();
    String tag = text(from, to, escaped).orElse("");
    if (tag.isEmpty()) {
      bad(
          ErrorCode.INVALID_VALUE,
          pointer,
          "the tag is not valid UTF-8 text without NUL characters");
    } else if (to - from > limits.maxTagBytes() && length(tag) > limits.maxTagBytes()) {
      bad(
          ErrorCode.EVENT_LIMIT,
          pointer,
          "the tag has "
              + length(tag)
              + " bytes, at most "
              + limits.maxTagBytes()
              + " are allowed (events.max-tag)");
    } else if (!tags.contains(tag)) {
      tags.add(tag);
    }
  }

  private static int length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** Returns the text of a string, unless it is not valid UTF-8 or holds NUL. */
  private java.util.Optional<String> text(int from, int to, boolean escaped) {
    if (!escaped) {
      return LabelAssembler.isText(in.bytes, from, to)
          ? java.util.Optional.of(new String(in.bytes, from, to - from, StandardCharsets.UTF_8))
          : java.util.Optional.empty();
    }
    LabelAssembler text = context.labels;
    text.reset(true);
    int mark = text.mark();
    in.unescape(from, to, text);
    return text.isText(mark, text.mark())
        ? java.util.Optional.of(text.text(mark, text.mark()))
        : java.util.Optional.empty();
  }

  private String pointer(int from, int to, boolean escaped) {
    String name = text(from, Math.min(to, from + (escaped ? to - from : 80)), escaped).orElse("");
    String cut = name.length() > 80 ? name.substring(0, 80) : name;
    return cut.replace("~", "~0").replace("/", "~1");
  }

  private void bad(ErrorCode code, String pointer, String detail) {
    if (problems.isEmpty()) {
      problem = code;
    }
    if (problems.size() < MAX_PROBLEMS) {
      problems.add(new FieldError(pointer, detail));
    }
  }

  /** Returns the id of the event read last; empty when it has none that could be read. */
  String knownId() {
    return id.state == State.GOOD && id.to - id.from <= 6 * limits.maxIdBytes()
        ? text(id.from, id.to, id.escaped).orElse("")
        : "";
  }

  /**
   * Returns the event read last.
   *
   * @throws TidegridException naming all its bad fields
   */
  DecodedEvent event(int index) {
    List<FieldError> ofValues = List.copyOf(problems);
    ErrorCode ofFirst = problem;
    problems.clear();
    String eventId = check(id);
    String deviceId = check(device);
    checkTime();
    if (metricsState != State.GOOD || (metrics.count() == 0 && ofValues.isEmpty())) {
      bad(
          ErrorCode.INVALID_VALUE,
          "/metrics",
          metricsState == State.WRONG
              ? "metrics must be an object of names and numbers"
              : "the event has no metrics; give at least one, such as {\"temp\": 21.5}");
    }
    if (tagsState == State.WRONG) {
      bad(ErrorCode.INVALID_VALUE, "/tags", "tags must be an array of strings");
    }
    if (problems.isEmpty() && !ofValues.isEmpty()) {
      problem = ofFirst;
    }
    problems.addAll(ofValues);
    if (problems.isEmpty()) {
      List<SeriesKey> series = series();
      if (problems.isEmpty()) {
        boolean timed = timeState == State.GOOD;
        return builder.event(
            index,
            eventId,
            deviceId,
            timed ? timeMs : context.nowMs,
            timed,
            metrics,
            series,
            List.copyOf(tags));
      }
    }
    FieldError first = problems.getFirst();
    throw new TidegridException(
        problem, first.detail(), List.copyOf(problems), Duration.ZERO, null);
  }

  private String check(Text field) {
    String pointer = "/" + field.name;
    if (field.state == State.MISSING) {
      bad(ErrorCode.INVALID_VALUE, pointer, field.name + " is missing; give a string");
      return "";
    }
    if (field.state == State.WRONG) {
      bad(ErrorCode.INVALID_VALUE, pointer, field.name + " must be a string");
      return "";
    }
    if (field.from == field.to) {
      bad(ErrorCode.INVALID_VALUE, pointer, field.name + " must not be empty");
      return "";
    }
    String text = text(field.from, field.to, field.escaped).orElse("");
    if (text.isEmpty()) {
      bad(
          ErrorCode.INVALID_VALUE,
          pointer,
          field.name + " is not valid UTF-8 text without NUL characters");
    } else if (field.to - field.from > limits.maxIdBytes() && length(text) > limits.maxIdBytes()) {
      bad(
          ErrorCode.EVENT_LIMIT,
          pointer,
          field.name
              + " has "
              + length(text)
              + " bytes, at most "
              + limits.maxIdBytes()
              + " are allowed (events.max-id)");
    }
    return text;
  }

  private void checkTime() {
    switch (timeState) {
      case MISSING -> {}
      case WRONG ->
          bad(
              ErrorCode.INVALID_TIME,
              "/timeStamp",
              "timeStamp must be an RFC 3339 time such as 2025-01-15T10:30:00Z, or seconds or"
                  + " milliseconds since 1970");
      case GOOD -> {
        if (timeMs < 0) {
          bad(ErrorCode.INVALID_TIME, "/timeStamp", "the time lies before 1970-01-01T00:00:00Z");
        } else if (timeMs > latestMs) {
          bad(
              ErrorCode.SAMPLE_TOO_NEW,
              "/timeStamp",
              "the time lies further after the node's clock than is allowed (ingest.max-future)");
        }
      }
    }
  }

  private List<SeriesKey> series() {
    List<SeriesKey> series = new ArrayList<>(metrics.count());
    for (int i = 0; i < metrics.count(); i++) {
      try {
        series.add(builder.series(metrics.from(i), metrics.to(i), device.from, device.to));
      } catch (RowProblem e) {
        String pointer =
            e.label.equals(Labels.METRIC_NAME)
                ? "/metrics/" + pointer(metrics.from(i), metrics.to(i), true)
                : e.label.equals("device_id") ? "/device_id" : "/metrics";
        bad(e.code, pointer, e.getMessage());
      }
    }
    return series;
  }
}
