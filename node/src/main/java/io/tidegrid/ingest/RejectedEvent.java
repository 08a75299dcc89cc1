package io.tidegrid.ingest;

import io.tidegrid.model.TidegridException;

/**
 * An event that cannot be taken.
 *
 * @param index where it stood in the request, from 0
 * @param eventId its id; empty when it has none that could be read
 * @param problem why; its pointers begin at the event
 */
public record RejectedEvent(int index, String eventId, TidegridException problem) {}
