package io.tidegrid.live;

import io.tidegrid.model.Labels;

/**
 * A series and which filters of one member it matches.
 *
 * @param labels the series' labels
 * @param filters the numbers that the member gave its filters; at least one
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
record SeriesMatch(Labels labels, int[] filters) {}
