package io.tidegrid.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.node.LogFormat;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.StringReader;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LogFormatTest {

  private static final Instant NOON = Instant.parse("2024-01-01T12:00:00.250Z");

  @Test
  void jsonLinesHoldTheFieldsOfTheRecord() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("method", "POST");
    fields.put("path", "/api/v1/metrics/ingest");
    fields.put("status_code", 201);
    fields.put("duration_ms", 45.2);
    fields.put("level", "mine");
    fields.put("nothing", null);
    fields.put("ratio", Double.NaN);

    String line = format(LogFormat.JSON, record(Level.INFO, "HTTP request", fields));

    assertThat(line).endsWith("}\n").hasLineCount(1);
    assertThat(json(line).toString())
        .isEqualTo(
            "{\"timestamp\":\"2024-01-01T12:00:00.250Z\",\"level\":\"info\","
                + "\"event\":\"HTTP request\",\"logger\":\"io.tidegrid.http.Server\","
                + "\"method\":\"POST\",\"path\":\"/api/v1/metrics/ingest\",\"status_code\":201,"
                + "\"duration_ms\":45.2,\"level_\":\"mine\",\"nothing\":null,\"ratio\":\"NaN\"}");
  }

  @Test
  void jsonLinesStayOneLineWhateverTheyHold() {
    LogRecord record = record(Level.SEVERE, "two\nlines \"quoted\" {0} \u0001", "filled");
    record.setThrown(new IllegalStateException("because\nof"));

    String line = format(LogFormat.JSON, record);

    assertThat(line.strip()).hasLineCount(1);
    JsonObject parsed = json(line);
    assertThat(parsed.getString("level")).isEqualTo("error");
    assertThat(parsed.getString("event")).isEqualTo("two\nlines \"quoted\" filled \u0001");
    assertThat(parsed.getString("error")).contains("because\nof");
    assertThat(parsed.getString("stack")).contains("LogFormatTest");
  }

  @Test
  void consoleLinesAreShort() {
    String line =
        new ConsoleFormatter(ZoneOffset.UTC)
            .format(record(Level.WARNING, "slow", Map.of("duration_ms", 45)));

    assertThat(line)
        .isEqualTo("12:00:00.250 WARN  Server: slow duration_ms=45" + System.lineSeparator());
  }

  @Test
  void consoleLinesShowErrorsWhole() {
    LogRecord record = record(Level.SEVERE, "failed");
    record.setThrown(new IllegalStateException("why"));

    assertThat(format(LogFormat.CONSOLE, record)).contains("IllegalStateException: why", "\tat ");
  }

  private static String format(LogFormat format, LogRecord record) {
    return Logging.formatter(format).format(record);
  }

  private static LogRecord record(Level level, String message, Object... parameters) {
    LogRecord record = new LogRecord(level, message);
    record.setLoggerName("io.tidegrid.http.Server");
    record.setInstant(NOON);
    record.setParameters(parameters);
    return record;
  }

  private static JsonObject json(String text) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      return reader.readObject();
    }
  }
}
