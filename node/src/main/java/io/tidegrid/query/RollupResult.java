package io.tidegrid.query;

import java.util.List;

/**
 * The answer to a {@link RollupQuery}.
 *
 * @param source the resolution of the stored windows it was computed from. It says nothing of where
 *     they were read: windows that are open or were written to since are computed from samples
 * @param rows sorted by labels, then time; windows without values are not there
 */
public record RollupResult(Source source, List<RollupRow> rows) {}
