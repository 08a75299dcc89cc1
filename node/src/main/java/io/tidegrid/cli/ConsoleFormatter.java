package io.tidegrid.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** One short line for people: {@code 12:30:54.123 INFO UpCommand: message name=value}. */
final class ConsoleFormatter extends Formatter {

  private final DateTimeFormatter time;

  ConsoleFormatter(ZoneId zone) {
    time = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(zone);
  }

  @Override
  public String format(LogRecord record) {
    String logger = LogFields.logger(record);
    StringBuilder line = new StringBuilder(120);
    line.append(time.format(record.getInstant())).append(' ');
    line.append(LogFields.paddedLevel(record)).append(' ');
    if (!logger.isEmpty()) {
      line.append(logger, logger.lastIndexOf('.') + 1, logger.length()).append(": ");
    }
    line.append(LogFields.message(record));
    LogFields.of(record)
        .forEach((name, value) -> line.append(' ').append(name).append('=').append(value));
    line.append(System.lineSeparator());
    if (record.getThrown() != null) {
      StringWriter trace = new StringWriter();
      record.getThrown().printStackTrace(new PrintWriter(trace));
      line.append(trace);
    }
    return line.toString();
  }
}
