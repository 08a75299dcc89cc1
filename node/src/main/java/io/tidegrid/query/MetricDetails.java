package io.tidegrid.query;

import java.util.List;
import java.util.Map;

/**
 * What is known of a metric.
 *
 * @param name the metric name
 * @param series how many series it has
 * @param labels each label but the metric name, with its values, sorted; at most 1,000 values a
 *     label
 * @param firstSeenMs the time of the earliest sample; {@link Long#MAX_VALUE} when none is known
 * @param lastSeenMs the time of the newest sample; {@link Long#MIN_VALUE} when none is known
 * @param samples how many samples there are in memory and, where memory is not whole, in the
 *     database, those that a tenant's own retention hides among them
 */
public record MetricDetails(
    String name,
    long series,
    Map<String, List<String>> labels,
    long firstSeenMs,
    long lastSeenMs,
    long samples) {

  /** Returns what may be told to whom earlier samples are hidden; {@code samples} counts them. */
  MetricDetails since(long keptFromMs) {
    boolean any = lastSeenMs >= keptFromMs;
    return firstSeenMs >= keptFromMs
        ? this
        : new MetricDetails(
            name,
            series,
            labels,
            any ? keptFromMs : Long.MAX_VALUE,
            any ? lastSeenMs : Long.MIN_VALUE,
            samples);
  }
}
