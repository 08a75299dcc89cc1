package io.tidegrid.node;

import com.hazelcast.map.IMap;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.grid.RollupKey;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.RollupSink;
import java.util.function.BooleanSupplier;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;

/**
 * Puts figures into the map from which they go to the database.
 *
 * @param map holds what the database has not committed
 * @param partitionKey the key whose partition a shard is
 * @param writable whether the database takes writes
 * @param pendingBytes how many bytes of figures of this member's shards it has not committed
 * @param maxPendingBytes from how many of them on no more are taken; one span may go beyond
 */
record MapRollupSink(
    IMap<RollupKey, RollupBlock> map,
    IntUnaryOperator partitionKey,
    BooleanSupplier writable,
    LongSupplier pendingBytes,
    long maxPendingBytes)
    implements RollupSink {

  @Override
  public boolean isOpen() {
    return writable.getAsBoolean() && pendingBytes.getAsLong() < maxPendingBytes;
  }

  @Override
  public void put(DirtySpan span, RollupBlock figures) {
    map.set(
        new RollupKey(
            span.shard(), partitionKey.applyAsInt(span.shard()), span.tier(), span.startMs()),
        figures);
  }
}
