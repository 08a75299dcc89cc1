package io.tidegrid.http;

import io.tidegrid.events.Events;
import io.tidegrid.ingest.EventDecoder;

/**
 * What the paths of events work with.
 *
 * @param events the door
 * @param decoder reads bodies
 * @param maxLimit the most events that an answer may hold
 */
public record EventApi(Events events, EventDecoder decoder, int maxLimit) {}
