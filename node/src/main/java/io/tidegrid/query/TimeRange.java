package io.tidegrid.query;

/**
 * A span of time, both ends included.
 *
 * @param fromMs milliseconds since 1970
 * @param toMs milliseconds since 1970, not before {@code fromMs}
 */
public record TimeRange(long fromMs, long toMs) {}
