package io.tidegrid.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Set;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/**
 * One JSON object a line: {@code timestamp}, {@code level}, {@code event} (the message), {@code
 * logger}, the record's named fields, and for errors {@code error} and {@code stack}.
 */
final class JsonFormatter extends Formatter {

  private static final Set<String> OWN =
      Set.of("timestamp", "level", "event", "logger", "error", "stack");

  private final JsonFactory json = new JsonFactory();

  @Override
  public String format(LogRecord record) {
    StringWriter text = new StringWriter(256);
    try (JsonGenerator out = json.createGenerator(text)) {
      out.writeStartObject();
      out.writeStringField("timestamp", record.getInstant().toString());
      out.writeStringField("level", LogFields.level(record));
      out.writeStringField("event", LogFields.message(record));
      out.writeStringField("logger", LogFields.logger(record));
      for (Map.Entry<String, Object> field : LogFields.of(record).entrySet()) {
        // A field must not hide what every line has.
        out.writeFieldName(OWN.contains(field.getKey()) ? field.getKey() + "_" : field.getKey());
        write(out, field.getValue());
      }
      if (record.getThrown() != null) {
        StringWriter trace = new StringWriter();
        record.getThrown().printStackTrace(new PrintWriter(trace));
        out.writeStringField("error", record.getThrown().toString());
        out.writeStringField("stack", trace.toString());
      }
      out.writeEndObject();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return text.append('\n').toString();
  }

  private static void write(JsonGenerator out, Object value) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case Boolean truth -> out.writeBoolean(truth);
      case Integer whole -> out.writeNumber(whole);
      case Long whole -> out.writeNumber(whole);
      case Double number when Double.isFinite(number) -> out.writeNumber(number);
      default -> out.writeString(String.valueOf(value));
    }
  }
}
