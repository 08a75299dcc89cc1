package io.tidegrid.http;

import io.tidegrid.ingest.DecodedBatch;
import io.tidegrid.ingest.RowError;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Labels;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Decoders that understand just enough: JSON in both spellings, and lines of "name value". */
final class FakeDecoders {

  private FakeDecoders() {}

  static HttpDecoders all() {
    return new HttpDecoders(
        FakeDecoders::json,
        FakeDecoders::lines,
        precision -> (tenant, body, length, now) -> lines(tenant, body, length, now),
        openMetrics -> (tenant, body, length, now) -> lines(tenant, body, length, now));
  }

  private static DecodedBatch json(String tenant, byte[] body, int length, long now) {
    Map<String, Object> object = Json.object(body, length);
    List<?> rows = object.get("metrics") instanceof List<?> list ? list : List.of(object);
    SampleBatch.Builder batch = SampleBatch.builder(rows.size());
    List<MetricMetadata> metadata = new ArrayList<>();
    List<RowError> errors = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      Map<?, ?> row = (Map<?, ?>) rows.get(i);
      Object name = row.containsKey("metric_name") ? row.get("metric_name") : row.get("name");
      if (!(name instanceof String text) || text.isEmpty()) {
        errors.add(new RowError(i, ErrorCode.INVALID_VALUE, "metric_name is missing"));
        continue;
      }
      if (!(row.get("value") instanceof Json.JsonNumber value)) {
        errors.add(new RowError(i, ErrorCode.INVALID_VALUE, "value must be a number"));
        continue;
      }
      Map<String, String> labels = new HashMap<>();
      for (String field : List.of("labels", "dimensions")) {
        if (row.get(field) instanceof Map<?, ?> map) {
          map.forEach((k, v) -> labels.put(String.valueOf(k), String.valueOf(v)));
        }
      }
      labels.put(Labels.METRIC_NAME, text);
      long time =
          row.get("timestamp") == null
              ? now
              : TimeParser.time(String.valueOf(row.get("timestamp")), "/timestamp", now, false);
      batch.add(SeriesKey.of(tenant, Labels.of(labels)), time, value.value(), i);
      if (row.containsKey("type")) {
        metadata.add(
            new MetricMetadata(text, text(row, "type"), text(row, "unit"), text(row, "help_text")));
      }
    }
    return new DecodedBatch(batch.build(), metadata, errors.size(), errors);
  }

  private static String text(Map<?, ?> row, String name) {
    return row.get(name) instanceof String text ? text : "";
  }

  private static DecodedBatch lines(String tenant, byte[] body, int length, long now) {
    String text = new String(body, 0, length, StandardCharsets.UTF_8);
    if (text.startsWith("crash")) {
      throw new IllegalStateException("a decoder's bug");
    }
    if (text.startsWith("garbage")) {
      throw new TidegridException(ErrorCode.NOT_PARSEABLE, "the body is garbage");
    }
    SampleBatch.Builder batch = SampleBatch.builder(16);
    List<RowError> errors = new ArrayList<>();
    List<String> lines = text.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      String[] parts = lines.get(i).split(" ", -1);
      if (parts.length != 2) {
        errors.add(new RowError(i, ErrorCode.INVALID_VALUE, "write name and value"));
        continue;
      }
      Labels labels = Labels.of(Labels.METRIC_NAME, parts[0]);
      batch.add(SeriesKey.of(tenant, labels), now, Double.parseDouble(parts[1]), i);
    }
    return new DecodedBatch(batch.build(), List.of(), errors.size(), errors);
  }
}
