package io.tidegrid.query;

/**
 * What one member found out.
 *
 * @param answer over all its shards but those listed
 * @param moved shards that it does not own any more
 * @param notReady shards whose directory is not whole yet
 * @param samples how many samples it read
 * @param series how many series it touched
 */
record MemberAnswer(
    Answer<?> answer, ShardSet moved, ShardSet notReady, long samples, long series) {}
