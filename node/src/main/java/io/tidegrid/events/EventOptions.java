package io.tidegrid.events;

import java.time.Duration;

/**
 * The limits of events.
 *
 * @param dedupWindow how long memory remembers the ids of events
 * @param dedupBytes how much heap a member may take for them, its copies of other members' included
 * @param maxFuture how far after now the time of an event may lie
 * @param memoryRetention how long memory keeps events without a database
 * @param memoryBytes how many bytes of them
 */
public record EventOptions(
    Duration dedupWindow,
    long dedupBytes,
    Duration maxFuture,
    Duration memoryRetention,
    long memoryBytes) {}
