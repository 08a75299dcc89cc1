package io.tidegrid.rollup;

import io.tidegrid.tier.Tier;

/**
 * A span of a shard whose stored figures are not those of its samples: written to since they were
 * computed, or never computed.
 *
 * @param shard the shard, from 0
 * @param tier {@link Tier#ONE_MINUTE} for a block of samples (two hours: minutes, five minutes and
 *     hours are computed together), {@link Tier#ONE_DAY} for a day, which is computed from its
 *     hours
 * @param startMs the start of the block or day in milliseconds since 1970
 * @param sequence the last write that touched it: epoch shifted left by 32 bits, plus the number of
 *     the batch
 */
public record DirtySpan(int shard, Tier tier, long startMs, long sequence) {}
