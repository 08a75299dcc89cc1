package io.tidegrid.ingest;

import io.tidegrid.model.Event;
import io.tidegrid.model.SeriesKey;
import java.util.List;

/**
 * An event with the series that its metrics are samples of.
 *
 * @param index where it stood in the request, from 0
 * @param event the event
 * @param series for each of its metrics
 */
public record DecodedEvent(int index, Event event, List<SeriesKey> series) {}
