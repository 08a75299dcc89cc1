package io.tidegrid.ingest;

import io.tidegrid.model.MetricMetadata;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What one request says of metrics: one entry a metric, the last word on each field wins. */
final class MetadataCollector {

  private final Map<String, MetricMetadata> byMetric = new LinkedHashMap<>();
  private final int maxNameBytes;
  private final int maxTextBytes;

  MetadataCollector(IngestOptions options) {
    this.maxNameBytes = options.maxNameBytes();
    this.maxTextBytes = options.maxValueBytes();
  }

  /**
   * Adds what is known; empty means nothing said. A metric whose name is empty or too long cannot
   * have samples either and is left out; longer texts are cut.
   */
  void add(String metric, String type, String unit, String help) {
    if (metric.isEmpty()
        || metric.getBytes(StandardCharsets.UTF_8).length > maxNameBytes
        || (type.isEmpty() && unit.isEmpty() && help.isEmpty())) {
      return;
    }
    MetricMetadata known = byMetric.get(metric);
    String cleanType = clean(type).toLowerCase(Locale.ROOT);
    String cleanUnit = clean(unit);
    String cleanHelp = clean(help);
    byMetric.put(
        metric,
        known == null
            ? new MetricMetadata(metric, cleanType, cleanUnit, cleanHelp)
            : new MetricMetadata(
                metric,
                cleanType.isEmpty() ? known.type() : cleanType,
                cleanUnit.isEmpty() ? known.unit() : cleanUnit,
                cleanHelp.isEmpty() ? known.help() : cleanHelp));
  }

  List<MetricMetadata> list() {
    return List.copyOf(byMetric.values());
  }

  private String clean(String text) {
    // PostgreSQL's text holds every character but this one.
    String clean = text.indexOf('\0') < 0 ? text : text.replace("\0", "");
    if (clean.length() * 3L <= maxTextBytes) {
      return clean;
    }
    byte[] bytes = clean.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= maxTextBytes) {
      return clean;
    }
    int end = maxTextBytes;
    while (end > 0 && (bytes[end] & 0xC0) == 0x80) {
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
