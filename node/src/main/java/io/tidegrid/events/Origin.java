package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;

/**
 * With what the ids of a shard began to be remembered.
 *
 * @param seed of their hashes; secret, so that nobody can make up ids that collide with another's;
 *     never 0
 * @param epoch what tells keys of this state's events from those of an earlier one
 * @param createdMs when that was
 * @param decidesFromMs events after this time that are not remembered are new
 * @param provisional whether that can be made more precise by asking the database
 */
record Origin(long seed, int epoch, long createdMs, long decidesFromMs, boolean provisional) {

  void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(seed);
    out.writeInt(epoch);
    out.writeLong(createdMs);
    out.writeLong(decidesFromMs);
    out.writeBoolean(provisional);
  }

  static Origin readData(ObjectDataInput in) throws IOException {
    return new Origin(in.readLong(), in.readInt(), in.readLong(), in.readLong(), in.readBoolean());
  }
}
