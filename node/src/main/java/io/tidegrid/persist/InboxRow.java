package io.tidegrid.persist;

import io.tidegrid.model.SeriesKey;

/**
 * A sample that was inserted with SQL.
 *
 * @param id ascending in the order of the inserts of one session
 * @param series the series it belongs to
 * @param timeMs milliseconds since 1970
 * @param value any double
 */
public record InboxRow(long id, SeriesKey series, long timeMs, double value) {}
