package io.tidegrid.ingest;

import java.util.List;

/**
 * The events of one request.
 *
 * @param events those that can be taken, in order
 * @param rejected the others, in order
 */
public record DecodedEvents(List<DecodedEvent> events, List<RejectedEvent> rejected) {}
