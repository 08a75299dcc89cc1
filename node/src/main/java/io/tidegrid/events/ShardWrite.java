package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.grid.EventBatch;
import java.io.IOException;

/**
 * Events of one shard whose samples are appended.
 *
 * @param seed with which the ids are hashed
 * @param token of the request that reserved them
 * @param operation tells this write from all others
 * @param ids of the events
 * @param bodies their hashes
 * @param known ids of other events, which the database has
 * @param latestMs the latest time of all these
 * @param decidesFromMs what the shard's provisional {@link Origin#decidesFromMs} is in truth;
 *     {@link Long#MIN_VALUE} when that was not found out
 * @param batch the events
 */
@SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
record ShardWrite(
    long seed,
    long token,
    long operation,
    long[] ids,
    long[] bodies,
    long[] known,
    long latestMs,
    long decidesFromMs,
    EventBatch batch) {

  void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(seed);
    out.writeLong(token);
    out.writeLong(operation);
    out.writeLongArray(ids);
    out.writeLongArray(bodies);
    out.writeLongArray(known);
    out.writeLong(latestMs);
    out.writeLong(decidesFromMs);
    batch.writeData(out);
  }

  static ShardWrite readData(ObjectDataInput in) throws IOException {
    long seed = in.readLong();
    long token = in.readLong();
    long operation = in.readLong();
    long[] ids = in.readLongArray();
    long[] bodies = in.readLongArray();
    long[] known = in.readLongArray();
    long latestMs = in.readLong();
    long decidesFromMs = in.readLong();
    EventBatch batch = new EventBatch();
    batch.readData(in);
    return new ShardWrite(
        seed, token, operation, ids, bodies, known, latestMs, decidesFromMs, batch);
  }
}
