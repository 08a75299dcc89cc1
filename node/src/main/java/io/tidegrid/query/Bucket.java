package io.tidegrid.query;

import io.tidegrid.model.Labels;

/**
 * One aggregated value.
 *
 * @param labels the labels grouped by; empty when all series are pooled
 * @param timeMs the start of the window in milliseconds since 1970; the start of the range for a
 *     single window
 * @param value the value; never of an empty window, those have no bucket
 */
public record Bucket(Labels labels, long timeMs, double value) {}
