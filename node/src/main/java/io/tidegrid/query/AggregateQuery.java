package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import java.util.List;

/**
 * A question for aggregated values.
 *
 * @param tenant whose data
 * @param matchers which series
 * @param range which samples
 * @param function what to compute; not {@link Function#RAW}
 * @param intervalMs the length of a window in milliseconds; 0 for one window over the range.
 *     Windows start at multiples of the length since 1970 and are cut to the range
 * @param groupBy the labels by which series are pooled; empty pools all into one answer
 */
public record AggregateQuery(
    String tenant,
    List<Matcher> matchers,
    TimeRange range,
    Function function,
    long intervalMs,
    List<String> groupBy) {}
