package io.tidegrid.query;

/**
 * A metric in a listing.
 *
 * @param name the metric name
 * @param series how many series it has
 * @param lastSeenMs the time of its newest sample; {@link Long#MIN_VALUE} when none is known
 */
public record MetricSummary(String name, long series, long lastSeenMs) {}
