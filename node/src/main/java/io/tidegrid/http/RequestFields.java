package io.tidegrid.http;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.NearestName;
import io.tidegrid.model.TidegridException;
import io.tidegrid.model.TidegridException.FieldError;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The fields of a request's JSON object. Whatever is wrong with any of them is collected, so that
 * one answer names all. Used by one thread.
 */
final class RequestFields {

  private static final int MAX_NAME_BYTES = 512;
  private static final int MAX_VALUE_BYTES = 4 << 10;
  private static final int MAX_ENTRIES = 64;

  private final Map<String, Object> fields;
  private final List<FieldError> errors = new ArrayList<>();
  private ErrorCode code = ErrorCode.INVALID_VALUE;

  /**
   * @param known the names of fields that are taken
   * @param ignored names of fields that answers have and requests need not
   */
  RequestFields(Map<String, Object> fields, Set<String> known, Set<String> ignored) {
    this.fields = fields;
    for (String name : fields.keySet()) {
      if (!known.contains(name) && !ignored.contains(name)) {
        invalid(
            name,
            "\""
                + TimeParser.shortened(name)
                + "\" is no field that is known here"
                + NearestName.of(name, known)
                    .map(near -> "; did you mean \"" + near + "\"?")
                    .orElse("; known are " + String.join(", ", known)));
      }
    }
  }

  /** Reads a body whose fields are these. */
  static RequestFields ofBody(Body body, Set<String> known, Set<String> ignored) {
    return new RequestFields(Json.object(body.bytes(), body.length()), known, ignored);
  }

  boolean has(String name) {
    return fields.containsKey(name);
  }

  /** Takes note of what is wrong with a field. */
  void invalid(String field, String detail) {
    add(ErrorCode.INVALID_VALUE, pointer(field), detail);
  }

  private void add(ErrorCode kind, String pointer, String detail) {
    if (errors.isEmpty()) {
      code = kind;
    }
    errors.add(new FieldError(pointer, detail));
  }

  private static String pointer(String field) {
    return '/' + TimeParser.shortened(field).replace("~", "~0").replace("/", "~1");
  }

  private static String pointer(String field, Object part) {
    return pointer(field) + pointer(part.toString());
  }

  /** Runs something whose errors are about a field; empty when there were any. */
  <T> Optional<T> read(String field, Supplier<T> reader) {
    try {
      return Optional.of(reader.get());
    } catch (TidegridException e) {
      if (e.errors().isEmpty()) {
        add(e.code(), pointer(field), e.getMessage());
      }
      e.errors().forEach(error -> add(e.code(), error.pointer(), error.detail()));
      return Optional.empty();
    }
  }

  /** Refuses the request if anything was wrong with it. */
  void refuseIfInvalid() {
    if (!errors.isEmpty()) {
      String first = errors.getFirst().detail();
      throw new TidegridException(
          code,
          errors.size() == 1 ? first : first + "; " + (errors.size() - 1) + " more in errors",
          errors,
          Duration.ZERO,
          null);
    }
  }

  /** Returns a text; numbers as they were written. */
  Optional<String> text(String field, int maxBytes) {
    Object value = fields.get(field);
    if (value == null) {
      return Optional.empty();
    }
    if (!(value instanceof String || value instanceof Json.JsonNumber)) {
      invalid(field, field + " must be a string");
      return Optional.empty();
    }
    String text = value.toString().strip();
    if (text.isEmpty()) {
      invalid(field, field + " must not be empty");
      return Optional.empty();
    }
    if (isLonger(text, maxBytes)) {
      invalid(field, field + " has at most " + maxBytes + " bytes");
      return Optional.empty();
    }
    return Optional.of(text);
  }

  /** Returns a text that has to be there; empty when it is not, which is noted. */
  String required(String field, int maxBytes, String what) {
    if (!has(field)) {
      invalid(field, field + " is missing; " + what);
    }
    return text(field, maxBytes).orElse("");
  }

  /** Returns a finite number; one in quotes is taken as well. */
  OptionalDouble number(String field) {
    Object value = fields.get(field);
    if (value == null) {
      return OptionalDouble.empty();
    }
    if (value instanceof String || value instanceof Json.JsonNumber) {
      try {
        double number = Double.parseDouble(value.toString().strip());
        if (Double.isFinite(number)) {
          return OptionalDouble.of(number);
        }
      } catch (NumberFormatException e) {
        // Answered as other wrong values are.
      }
    }
    invalid(field, field + " must be a finite number");
    return OptionalDouble.empty();
  }

  /** Returns a yes or no. */
  boolean flag(String field, boolean byDefault) {
    Object value = fields.getOrDefault(field, byDefault);
    if (value instanceof Boolean flag) {
      return flag;
    }
    invalid(field, field + " must be true or false");
    return byDefault;
  }

  /** Returns seconds, or a duration such as {@code 5m}. */
  Duration duration(String field, Duration byDefault, boolean zeroAllowed) {
    Optional<String> text = text(field, MAX_NAME_BYTES);
    if (text.isEmpty()) {
      return byDefault;
    }
    if (zeroAllowed && text.get().matches("0+(\\.0+)?(ms|[smhdwy])?")) {
      return Duration.ZERO;
    }
    return read(field, () -> Duration.ofMillis(TimeParser.duration(text.get(), pointer(field))))
        .orElse(byDefault);
  }

  /** Returns an object of strings, in the order of the request; other scalars as written. */
  Map<String, String> map(String field) {
    return map(field, MAX_VALUE_BYTES);
  }

  /** Returns an object of strings, each of at most so many bytes. */
  Map<String, String> map(String field, int maxValueBytes) {
    Object value = fields.get(field);
    Map<String, String> map = new LinkedHashMap<>();
    if (value == null) {
      return map;
    }
    if (!(value instanceof Map<?, ?> entries)) {
      invalid(field, field + " must be an object of strings");
      return map;
    }
    if (entries.size() > MAX_ENTRIES) {
      invalid(field, field + " has at most " + MAX_ENTRIES + " entries");
      return map;
    }
    entries.forEach((key, text) -> {
      String name = key.toString();
      if (name.isEmpty() || text instanceof Map || text instanceof List) {
        add(
            ErrorCode.INVALID_VALUE,
            pointer(field, name),
            "an entry of " + field + " has a name and a value that is a string");
      } else if (isLonger(name, MAX_NAME_BYTES) || isLonger(text.toString(), maxValueBytes)) {
        add(
            ErrorCode.INVALID_VALUE,
            pointer(field, name),
            "a name has at most " + MAX_NAME_BYTES + " bytes, a value " + maxValueBytes);
      } else {
        map.put(name, text.toString());
      }
    });
    return map;
  }

  /** Returns a list, or what stands there alone. */
  List<?> list(String field) {
    Object value = fields.get(field);
    if (value == null) {
      return List.of();
    }
    List<?> list = value instanceof List<?> items ? items : List.of(value);
    if (list.size() > MAX_ENTRIES) {
      invalid(field, field + " has at most " + MAX_ENTRIES + " entries");
      return List.of();
    }
    return list;
  }

  /** Returns a list of names; a text may name several with commas. */
  List<String> names(String field) {
    List<String> names = new ArrayList<>();
    for (Object item : list(field)) {
      if (!(item instanceof String text) || text.isBlank() || isLonger(text, MAX_NAME_BYTES)) {
        invalid(field, field + " must be a list of names such as [\"host\"]");
        return List.of();
      }
      for (String name : text.split(",", -1)) {
        if (!name.isBlank() && !names.contains(name.strip())) {
          names.add(name.strip());
        }
      }
    }
    return names;
  }

  /**
   * Returns conditions on labels: as Prometheus writes them, or as Alertmanager does, an object
   * with {@code name, value, isRegex, isEqual}.
   */
  List<Matcher> matchers(String field) {
    List<Matcher> matchers = new ArrayList<>();
    int index = 0;
    for (Object item : list(field)) {
      String pointer = pointer(field) + '/' + index++;
      read(
              field,
              () ->
                  item instanceof Map<?, ?> parts
                      ? matcher(parts, pointer)
                      : MatcherParser.parse(item.toString(), pointer))
          .ifPresent(matchers::add);
    }
    return matchers;
  }

  private static Matcher matcher(Map<?, ?> parts, String pointer) {
    Object name = parts.get("name");
    Object value = parts.containsKey("value") ? parts.get("value") : "";
    boolean equal = !Boolean.FALSE.equals(parts.get("isEqual"));
    boolean regex = Boolean.TRUE.equals(parts.get("isRegex"));
    if (!(name instanceof String label) || label.isEmpty() || !(value instanceof String text)) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE,
          pointer,
          "a matcher is a text such as host=~\"a.*\", or an object with name, value, isRegex and"
              + " isEqual");
    }
    Matcher.Type type =
        regex
            ? equal ? Matcher.Type.REGEX : Matcher.Type.NOT_REGEX
            : equal ? Matcher.Type.EQUAL : Matcher.Type.NOT_EQUAL;
    return Matcher.of(type, label, text);
  }

  private static boolean isLonger(String text, int maxBytes) {
    return text.length() > maxBytes || text.getBytes(StandardCharsets.UTF_8).length > maxBytes;
  }
}
