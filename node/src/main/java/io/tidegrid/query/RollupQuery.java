package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import java.util.List;

/**
 * A question for windows with all their figures.
 *
 * @param tenant whose data
 * @param matchers which series
 * @param range which samples; windows that its ends cut have the figures of the samples inside, but
 *     where retention has left windows only: there they are whole
 * @param windowMs the length of a window in milliseconds, positive; windows start at its multiples
 *     since 1970. A multiple of a minute is computed from stored windows, any other from samples
 * @param grouping which series are pooled
 * @param quantiles whether quantiles are wanted
 */
public record RollupQuery(
    String tenant,
    List<Matcher> matchers,
    TimeRange range,
    long windowMs,
    Grouping grouping,
    boolean quantiles) {}
