package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.query.RollupRow;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.util.Map;

/** How windows, and how far they are stored, are shown. */
final class RollupJson {

  /** How many values a row shows, for deciding whether an answer is streamed. */
  static final int VALUES = 10;

  private RollupJson() {}

  /**
   * Writes a window.
   *
   * @param edges whether the first and the last value are shown
   * @param labelsKey {@code labels} or {@code dimensions}
   */
  static void row(
      JsonGenerator out, RollupRow row, boolean edges, String labelsKey, Map<String, String> labels)
      throws IOException {
    out.writeStartObject();
    out.writeFieldName("timestamp");
    Json.time(out, row.timeMs());
    out.writeNumberField("count", row.count());
    number(out, "sum", row.sum());
    number(out, "avg", row.avg());
    number(out, "min", row.min());
    number(out, "max", row.max());
    if (edges) {
      number(out, "first", row.first());
      number(out, "last", row.last());
    }
    number(out, "p50", row.p50());
    number(out, "p95", row.p95());
    number(out, "p99", row.p99());
    out.writeFieldName(labelsKey);
    Json.map(out, labels);
    out.writeEndObject();
  }

  private static void number(JsonGenerator out, String name, double value) throws IOException {
    out.writeFieldName(name);
    Json.number(out, value);
  }

  /**
   * Writes the windows of a metric with their coverage.
   *
   * @param firstSeenMs the time of its earliest sample; {@link Long#MAX_VALUE} when not known
   */
  static void coverage(JsonGenerator out, RollupStatus status, String metric, long firstSeenMs)
      throws IOException {
    for (RollupStatus.TierStatus tier : status.tiers()) {
      out.writeStartObject();
      out.writeStringField("metric_name", metric);
      out.writeStringField("window", tier.tier());
      out.writeNumberField("window_seconds", tier.windowMs() / 1000);
      timeOrNull(
          out,
          "from",
          firstSeenMs == Long.MAX_VALUE
              ? firstSeenMs
              : Math.floorDiv(firstSeenMs, tier.windowMs()) * tier.windowMs());
      timeOrNull(out, "through", tier.throughMs());
      out.writeNumberField("dirty", tier.dirtySpans());
      timeOrNull(out, "oldest_dirty", tier.oldestDirtyMs());
      out.writeBooleanField("stored", tier.stored());
      out.writeEndObject();
    }
  }

  /** Writes a time; null for the greatest and the least, which mean that there is none. */
  static void timeOrNull(JsonGenerator out, String name, long timeMs) throws IOException {
    out.writeFieldName(name);
    if (timeMs == Long.MIN_VALUE || timeMs == Long.MAX_VALUE) {
      out.writeNull();
    } else {
      Json.time(out, timeMs);
    }
  }

  /** The name of the view that shows a source in the database. */
  static String view(io.tidegrid.query.Source source) {
    return source.tier().map(RollupJson::view).orElse("metrics");
  }

  private static String view(Tier tier) {
    return switch (tier) {
      case ONE_MINUTE -> "metrics_1min";
      case FIVE_MINUTES -> "metrics_5min";
      case ONE_HOUR -> "metrics_1hour";
      case ONE_DAY -> "metrics_daily";
    };
  }
}
