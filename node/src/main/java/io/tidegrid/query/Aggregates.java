package io.tidegrid.query;

import java.util.List;

/**
 * The answer to an {@link AggregateQuery}.
 *
 * @param source the resolution it was computed from; from all but raw samples, percentiles are
 *     estimated as {@link RollupRow} says
 * @param buckets sorted by labels, then time
 */
public record Aggregates(Source source, List<Bucket> buckets) {}
