package io.tidegrid.persist;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.tidegrid.model.Event;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The metrics of an event as the database keeps them: one JSON object, exact. */
final class EventJson {

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER).build();

  private static final double MAX_EXACT_LONG = 1L << 53;

  private EventJson() {}

  /**
   * What was read.
   *
   * @param names of metrics
   * @param values as many
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
  record Metrics(List<String> names, double[] values) {}

  /** Writes the metrics; into {@code out}, which is emptied first. */
  static String write(Event event, StringBuilder out) {
    out.setLength(0);
    out.append('{');
    for (int i = 0; i < event.metrics().size(); i++) {
      if (i > 0) {
        out.append(',');
      }
      string(event.metrics().get(i), out);
      out.append(':');
      number(event.value(i), out);
    }
    return out.append('}').toString();
  }

  private static void string(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20) {
        out.append("\\u00").append(Character.forDigit(c >> 4, 16));
        out.append(Character.forDigit(c & 15, 16));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private static void number(double value, StringBuilder out) {
    boolean whole =
        value == Math.rint(value)
            && Math.abs(value) <= MAX_EXACT_LONG
            && Double.doubleToRawLongBits(value) != Long.MIN_VALUE;
    if (whole) {
      out.append((long) value);
    } else {
      out.append(value);
    }
  }

  static Metrics read(String json) throws SQLException {
    List<String> names = new ArrayList<>();
    double[] values = new double[4];
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        if (names.size() == values.length) {
          values = Arrays.copyOf(values, values.length * 2);
        }
        names.add(parser.currentName());
        parser.nextToken();
        values[names.size() - 1] = parser.getDoubleValue();
      }
    } catch (IOException e) {
      throw new SQLException("the column metrics of the table events is not an object", e);
    }
    return new Metrics(names, Arrays.copyOf(values, names.size()));
  }
}
