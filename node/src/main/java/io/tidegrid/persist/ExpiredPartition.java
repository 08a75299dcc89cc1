package io.tidegrid.persist;

import java.time.Instant;

/**
 * A partition that retention drops.
 *
 * @param table its name
 * @param from the least time of its samples
 * @param to the end, exclusive
 * @param lastWrite when samples were last folded into it, to the hour
 * @param rows its rows, as the database estimates them
 * @param bytes on disk, with indexes
 */
public record ExpiredPartition(
    String table, Instant from, Instant to, Instant lastWrite, long rows, long bytes) {}
