package io.tidegrid.persist;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What retention would drop now.
 *
 * @param keep how long samples are kept; zero for ever
 * @param before partitions go whose end and last write are both before this; the beginning of 1970
 *     when samples are kept for ever
 * @param next when this member looks next; empty while another member sees to it, or before the
 *     first time
 * @param partitions what would go, the oldest first
 */
public record RetentionPlan(
    Duration keep, Instant before, Optional<Instant> next, List<ExpiredPartition> partitions) {}
