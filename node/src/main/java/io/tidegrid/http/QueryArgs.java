package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.query.Function;
import io.tidegrid.query.TimeRange;
import io.tidegrid.tier.Tier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The arguments of a query, from a JSON body or from a query string; the names and their meaning
 * are the same. Errors point to the field, as a JSON pointer or as the parameter's name.
 */
final class QueryArgs {

  private static final int MAX_NAME_BYTES = 512;
  private static final long DEFAULT_RANGE_MS = 3_600_000;
  private static final String[] LABEL_FIELDS = {"labels", "dimensions"};

  private final Map<String, Object> fields;
  private final String prefix;
  private final long nowMs;

  private QueryArgs(Map<String, Object> fields, String prefix, long nowMs) {
    this.fields = fields;
    this.prefix = prefix;
    this.nowMs = nowMs;
  }

  static QueryArgs ofBody(Body body, long nowMs) {
    return new QueryArgs(Json.object(body.bytes(), body.length()), "/", nowMs);
  }

  static QueryArgs ofParams(Params params, long nowMs) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (String name : params.names()) {
      List<String> values = params.all(name);
      if (name.equals("matcher") || name.equals("matchers")) {
        fields.put("matchers", values);
      } else if (!values.getFirst().isEmpty()) {
        fields.put(name, values.getFirst());
      }
    }
    for (String name : LABEL_FIELDS) {
      if (fields.get(name) instanceof String text) {
        byte[] json = text.getBytes(StandardCharsets.UTF_8);
        try {
          fields.put(name, Json.object(json, json.length));
        } catch (TidegridException e) {
          throw TidegridException.ofField(
              ErrorCode.NOT_PARSEABLE,
              name,
              name + " must be a URL-encoded JSON object such as {\"host\":\"server1\"}");
        }
      }
    }
    return new QueryArgs(fields, "", nowMs);
  }

  boolean has(String... names) {
    for (String name : names) {
      if (fields.containsKey(name)) {
        return true;
      }
    }
    return false;
  }

  /** Returns the text of the first of these fields that is there; numbers as they were written. */
  Optional<String> text(String... names) {
    for (String name : names) {
      Object value = fields.get(name);
      if (value instanceof String || value instanceof Json.JsonNumber) {
        String text = value.toString();
        if (!text.isEmpty()) {
          return Optional.of(text);
        }
      } else if (value != null) {
        throw invalid(name, name + " must be a string");
      }
    }
    return Optional.empty();
  }

  /** Returns a yes or no; no when it is not said. */
  boolean flag(String name) {
    Object value = fields.getOrDefault(name, false);
    if (value instanceof Boolean flag) {
      return flag;
    }
    if (value instanceof String text && (text.equals("true") || text.equals("false"))) {
      return text.equals("true");
    }
    throw invalid(name, name + " must be true or false");
  }

  /** Returns the metric name, in either spelling. */
  String metric() {
    String name =
        text("metric_name", "name", "metric")
            .orElseThrow(
                () -> invalid("metric_name", "metric_name is missing; name the metric to query"));
    return metricName(name, pointer("metric_name"));
  }

  /** Checks a metric name of any path. */
  static String metricName(String name, String pointer) {
    if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE,
          pointer,
          "a metric name has at most " + MAX_NAME_BYTES + " bytes");
    }
    return name;
  }

  /** Returns the time range: up to now when no end is given, an hour long when no start is. */
  TimeRange range() {
    long end =
        text("end_time", "end", "to")
            .map(
                text -> TimeParser.time(text, pointer(named("end_time", "end", "to")), nowMs, true))
            .orElse(nowMs);
    long start =
        text("start_time", "start", "from")
            .map(text ->
                TimeParser.time(text, pointer(named("start_time", "start", "from")), nowMs, true))
            .orElse(end - DEFAULT_RANGE_MS);
    if (start > end) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_RANGE,
          pointer(named("start_time", "start", "from")),
          "the start lies after the end; swap them or change one");
    }
    return new TimeRange(start, end);
  }

  private String named(String... names) {
    for (String name : names) {
      if (fields.containsKey(name)) {
        return name;
      }
    }
    return names[0];
  }

  /** Returns the labels that series must have, in either spelling. */
  Map<String, String> labels() {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String field : LABEL_FIELDS) {
      Object value = fields.get(field);
      if (value == null) {
        continue;
      }
      if (!(value instanceof Map<?, ?> map)) {
        throw invalid(field, field + " must be an object of strings");
      }
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        Object text = entry.getValue();
        String name = String.valueOf(entry.getKey());
        if (name.isEmpty() || text instanceof Map || text instanceof List) {
          throw invalid(
              field + "/" + escaped(name), "a label has a name and a value that is a string");
        }
        labels.put(name, String.valueOf(text));
      }
    }
    return labels;
  }

  private static String escaped(String pointerPart) {
    return TimeParser.shortened(pointerPart).replace("~", "~0").replace("/", "~1");
  }

  /** Returns all conditions on series: the metric name, the labels, and {@code matchers}. */
  List<Matcher> matchers(String metric) {
    List<Matcher> matchers = new ArrayList<>();
    matchers.add(Matcher.equal(Labels.METRIC_NAME, metric));
    labels().forEach((name, value) -> matchers.add(Matcher.equal(name, value)));
    for (String text : strings("matchers")) {
      matchers.add(MatcherParser.parse(text, pointer("matchers")));
    }
    return matchers;
  }

  /** Returns the labels to group by: a list, or a text with commas. */
  List<String> groupBy() {
    return strings("group_by");
  }

  private List<String> strings(String name) {
    Object value = fields.get(name);
    if (value == null) {
      return List.of();
    }
    if (value instanceof List<?> items) {
      List<String> strings = new ArrayList<>();
      for (Object item : items) {
        if (!(item instanceof String text) || text.isEmpty()) {
          throw invalid(name, name + " must be a list of strings");
        }
        strings.add(text);
      }
      return strings;
    }
    if (value instanceof String text && !name.equals("matchers")) {
      return Arrays.stream(text.split(",", -1))
          .map(String::strip)
          .filter(part -> !part.isEmpty())
          .toList();
    }
    if (value instanceof String text) {
      return List.of(text);
    }
    throw invalid(name, name + " must be a list of strings");
  }

  /** Returns the function that a field names, if it is there. */
  Optional<Function> function(String... names) {
    Optional<String> text = text(names);
    return text.map(name -> functionNamed(name, pointer(named(names))));
  }

  /** Returns the function of that name. */
  private static Function functionNamed(String name, String pointer) {
    return Function.of(name)
        .orElseThrow(() ->
            TidegridException.ofField(
                ErrorCode.INVALID_VALUE,
                pointer,
                "\""
                    + TimeParser.shortened(name)
                    + "\" is no function; use avg, sum, min, max, count, rate, increase, delta,"
                    + " first, last, stddev, p50, p90, p95, p99 or raw"));
  }

  /** Returns the length of a window in milliseconds; 0 when there is none. */
  long interval(TimeRange range, String... names) {
    Optional<String> text = text(names);
    if (text.isEmpty()) {
      return 0;
    }
    long interval = TimeParser.duration(text.get(), pointer(named(names)));
    if ((range.toMs() - range.fromMs()) / interval >= MAX_WINDOWS) {
      throw invalid(
          named(names),
          "that makes more than " + MAX_WINDOWS + " windows; take longer ones or a shorter range");
    }
    return interval;
  }

  /**
   * Returns the window that is asked for, if any.
   *
   * @throws TidegridException with {@link ErrorCode#INVALID_VALUE} for one that is not computed
   */
  Optional<Tier> window() {
    Optional<String> text = text("window");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Optional<Tier> tier = Tier.of(text.get().strip());
    if (tier.isEmpty()) {
      throw invalid(
          "window",
          "\""
              + TimeParser.shortened(text.get())
              + "\" is no window; use one of "
              + Arrays.stream(Tier.values()).map(Tier::text).collect(Collectors.joining(", ")));
    }
    return tier;
  }

  /** What a chart can show many times over; a slip of the unit asks for more. */
  private static final long MAX_WINDOWS = 1_000_000;

  private TidegridException invalid(String field, String detail) {
    return TidegridException.ofField(ErrorCode.INVALID_VALUE, pointer(field), detail);
  }

  private String pointer(String field) {
    return prefix + field;
  }
}
