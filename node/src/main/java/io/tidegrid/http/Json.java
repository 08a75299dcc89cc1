package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writing answers and reading control requests. Sample bodies have a decoder of their own. */
final class Json {

  static final String MEDIA_TYPE = "application/json";

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .build();

  private static final double MAX_EXACT_LONG = 1L << 53;

  /** Takes what is an answer's content. */
  @FunctionalInterface
  interface Content {
    void write(JsonGenerator out) throws IOException;
  }

  private Json() {}

  static byte[] bytes(Content content) {
    ByteArrayOutputStream buffer = new ByteArrayOutputStream(512);
    try {
      write(buffer, content);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return buffer.toByteArray();
  }

  static void write(OutputStream target, Content content) throws IOException {
    try (JsonGenerator out = FACTORY.createGenerator(target)) {
      content.write(out);
    }
  }

  /**
   * Writes a value as the shortest number that reads back as the same double: {@code 40}, {@code
   * 75.5}, {@code 1E21}. JSON has no word for NaN and the infinities: they become null.
   */
  static void number(JsonGenerator out, double value) throws IOException {
    if (!Double.isFinite(value)) {
      out.writeNull();
    } else if (value == Math.rint(value)
        && Math.abs(value) <= MAX_EXACT_LONG
        && Double.doubleToRawLongBits(value) != Long.MIN_VALUE) {
      out.writeNumber((long) value);
    } else {
      double size = Math.abs(value);
      if (size >= 1e-3 && size < 1e7) {
        out.writeNumber(value);
      } else {
        out.writeNumber(Double.toString(value).replace(".0E", "E"));
      }
    }
  }

  /** Writes a time as RFC 3339 in UTC, with a fraction only where it has one. */
  static void time(JsonGenerator out, long timeMs) throws IOException {
    out.writeString(Instant.ofEpochMilli(timeMs).toString());
  }

  /** Writes a text, or null when it is empty. */
  static void textOrNull(JsonGenerator out, String name, String text) throws IOException {
    if (text.isEmpty()) {
      out.writeNullField(name);
    } else {
      out.writeStringField(name, text);
    }
  }

  static void map(JsonGenerator out, Map<String, String> map) throws IOException {
    out.writeStartObject();
    for (Map.Entry<String, String> entry : map.entrySet()) {
      out.writeStringField(entry.getKey(), entry.getValue());
    }
    out.writeEndObject();
  }

  /**
   * Reads a JSON object into maps, lists, strings, numbers, booleans; null members are left out.
   *
   * @throws TidegridException with {@link ErrorCode#NOT_PARSEABLE}
   */
  static Map<String, Object> object(byte[] body, int length) {
    if (length == 0) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE, "the request has no body; send a JSON object");
    }
    try (JsonParser parser = FACTORY.createParser(body, 0, length)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new TidegridException(ErrorCode.NOT_PARSEABLE, "the body must be a JSON object");
      }
      Map<String, Object> object = members(parser);
      if (parser.nextToken() != null) {
        throw new TidegridException(
            ErrorCode.NOT_PARSEABLE, "the body goes on after the end of the JSON object");
      }
      return object;
    } catch (JsonProcessingException e) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE, "the body is not JSON: " + reason(e), List.of(), NO_RETRY, e);
    } catch (IOException e) {
      throw new TidegridException(
          ErrorCode.NOT_PARSEABLE, "the body is not UTF-8 text", List.of(), NO_RETRY, e);
    }
  }

  private static final java.time.Duration NO_RETRY = java.time.Duration.ZERO;

  private static String reason(JsonProcessingException e) {
    String text = e.getOriginalMessage();
    int end = text.indexOf('\n');
    String line = end < 0 ? text : text.substring(0, end);
    return e.getLocation() == null
        ? line
        : line
            + " (line "
            + e.getLocation().getLineNr()
            + ", column "
            + e.getLocation().getColumnNr()
            + ")";
  }

  private static Map<String, Object> members(JsonParser parser) throws IOException {
    Map<String, Object> members = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      if (parser.nextToken() != JsonToken.VALUE_NULL) {
        members.put(name, value(parser));
      }
    }
    return Collections.unmodifiableMap(members);
  }

  private static Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      return members(parser);
    }
    if (token == JsonToken.START_ARRAY) {
      List<Object> items = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        items.add(parser.currentToken() == JsonToken.VALUE_NULL ? "" : value(parser));
      }
      return Collections.unmodifiableList(items);
    }
    if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
      return parser.getBooleanValue();
    }
    if (token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT) {
      return new JsonNumber(parser.getText());
    }
    return parser.getText();
  }

  /**
   * A number as it was written; converting an exponent of a million digits only where it is needed.
   *
   * @param text the literal
   */
  record JsonNumber(String text) {
    double value() {
      return Double.parseDouble(text);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
