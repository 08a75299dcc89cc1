package io.tidegrid.model;

/**
 * What is known of a metric beside its samples. Empty strings mean unknown.
 *
 * @param metric the metric name
 * @param type Prometheus' type: {@code gauge}, {@code counter}, {@code histogram}, {@code summary}
 * @param unit such as {@code percent}
 * @param help a sentence for people
 */
public record MetricMetadata(String metric, String type, String unit, String help) {}
