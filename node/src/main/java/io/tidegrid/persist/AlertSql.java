package io.tidegrid.persist;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.tidegrid.model.AlertState;
import io.tidegrid.model.Matcher;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How the parts of rules and alerts are written in columns. */
final class AlertSql {

  private static final JsonFactory JSON = new JsonFactory();
  private static final int PARTS = 3;

  private AlertSql() {}

  static String json(Map<String, String> map) {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      for (Map.Entry<String, String> entry : map.entrySet()) {
        json.writeStringField(
            SeriesWriter.storable(entry.getKey()), SeriesWriter.storable(entry.getValue()));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  static Map<String, String> map(String text) {
    Map<String, String> map = new LinkedHashMap<>();
    try (JsonParser json = JSON.createParser(text)) {
      JsonToken ignored = json.nextToken();
      for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
        map.put(name, json.nextTextValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return map;
  }

  static String[] parts(List<Matcher> matchers) {
    String[] parts = new String[matchers.size() * PARTS];
    int at = 0;
    for (Matcher matcher : matchers) {
      parts[at++] = matcher.type().operator();
      parts[at++] = SeriesWriter.storable(matcher.name());
      parts[at++] = SeriesWriter.storable(matcher.value());
    }
    return parts;
  }

  static List<Matcher> matchers(String[] parts) {
    List<Matcher> matchers = new ArrayList<>();
    for (int at = 0; at < parts.length; at += PARTS) {
      matchers.add(Matcher.of(type(parts[at]), parts[at + 1], parts[at + 2]));
    }
    return matchers;
  }

  private static Matcher.Type type(String operator) {
    for (Matcher.Type type : Matcher.Type.values()) {
      if (type.operator().equals(operator)) {
        return type;
      }
    }
    throw new IllegalArgumentException("no matcher has the operator " + operator);
  }

  static String[] texts(ResultSet row, String column) throws SQLException {
    return (String[]) row.getArray(column).getArray();
  }

  static void setTimeMs(PreparedStatement statement, int index, long timeMs) throws SQLException {
    if (timeMs == AlertState.NEVER) {
      statement.setNull(index, Types.BIGINT);
    } else {
      statement.setLong(index, timeMs);
    }
  }

  static long timeMs(ResultSet row, String column) throws SQLException {
    long timeMs = row.getLong(column);
    return row.wasNull() ? AlertState.NEVER : timeMs;
  }

  static OffsetDateTime time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }

  static void setTime(PreparedStatement statement, int index, Optional<Instant> time)
      throws SQLException {
    if (time.isPresent()) {
      statement.setObject(index, time(time.get()));
    } else {
      statement.setNull(index, Types.TIMESTAMP_WITH_TIMEZONE);
    }
  }

  static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  static Optional<Instant> optionalInstant(ResultSet row, String column) throws SQLException {
    return Optional.ofNullable(row.getObject(column, OffsetDateTime.class))
        .map(OffsetDateTime::toInstant);
  }
}
