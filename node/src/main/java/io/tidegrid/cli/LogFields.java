package io.tidegrid.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/**
 * Reads log records. A parameter that is a map holds named fields, as in {@code logger.log(INFO,
 * "HTTP request", Map.of("status_code", 200))}; the JSON form shows them as fields, the console
 * form as {@code name=value}.
 */
final class LogFields {

  private static final Formatter MESSAGES =
      new Formatter() {
        @Override
        public String format(LogRecord record) {
          return formatMessage(record);
        }
      };

  private LogFields() {}

  /** Returns the message with its {@code {0}} filled in. */
  static String message(LogRecord record) {
    String message = MESSAGES.format(record);
    return message == null ? "" : message;
  }

  /** Returns the named fields, in their order. */
  static Map<String, Object> of(LogRecord record) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (record.getParameters() != null) {
      for (Object parameter : record.getParameters()) {
        if (parameter instanceof Map<?, ?> map) {
          map.forEach((name, value) -> fields.put(String.valueOf(name), value));
        }
      }
    }
    return fields;
  }

  /** Returns {@code error}, {@code warn}, {@code info}, {@code debug} or {@code trace}. */
  static String level(LogRecord record) {
    int level = record.getLevel().intValue();
    if (level >= Level.SEVERE.intValue()) {
      return "error";
    } else if (level >= Level.WARNING.intValue()) {
      return "warn";
    } else if (level >= Level.INFO.intValue()) {
      return "info";
    }
    return level >= Level.FINE.intValue() ? "debug" : "trace";
  }

  /** Returns the level in capitals, five characters wide. */
  static String paddedLevel(LogRecord record) {
    return String.format(Locale.ROOT, "%-5s", level(record).toUpperCase(Locale.ROOT));
  }

  /** Returns the name of the logger; empty for none. */
  static String logger(LogRecord record) {
    return record.getLoggerName() == null ? "" : record.getLoggerName();
  }
}
