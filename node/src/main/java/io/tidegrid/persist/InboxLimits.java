package io.tidegrid.persist;

import java.time.Duration;

/**
 * What a row inserted with SQL may hold at most; a row beyond it fails the statement.
 *
 * @param maxFuture how far after now its time may lie
 * @param maxLabels labels, the metric name not counted
 * @param maxNameBytes UTF-8 bytes of a metric or label name
 * @param maxValueBytes UTF-8 bytes of a label value
 */
public record InboxLimits(Duration maxFuture, int maxLabels, int maxNameBytes, int maxValueBytes) {}
