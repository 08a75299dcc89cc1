package io.tidegrid.live;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * What changed in a member's filters. Immutable.
 *
 * @param member the member
 * @param fromVersion what the change starts from; 0 when {@code added} is all there is
 * @param toVersion what it leads to
 * @param added filters by number
 * @param removed numbers
 */
record FilterUpdate(
    UUID member,
    long fromVersion,
    long toVersion,
    Map<Integer, LiveFilter> added,
    Set<Integer> removed) {

  /** Copies the collections. */
  FilterUpdate {
    added = Map.copyOf(added);
    removed = Set.copyOf(removed);
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLong(member.getMostSignificantBits());
    out.writeLong(member.getLeastSignificantBits());
    out.writeLong(fromVersion);
    out.writeLong(toVersion);
    out.writeInt(added.size());
    for (Map.Entry<Integer, LiveFilter> entry : added.entrySet()) {
      out.writeInt(entry.getKey());
      entry.getValue().write(out);
    }
    out.writeIntArray(removed.stream().mapToInt(Integer::intValue).toArray());
  }

  static FilterUpdate read(ObjectDataInput in) throws IOException {
    UUID member = new UUID(in.readLong(), in.readLong());
    long fromVersion = in.readLong();
    long toVersion = in.readLong();
    int count = in.readInt();
    Map<Integer, LiveFilter> added = new HashMap<>();
    for (int i = 0; i < count; i++) {
      added.put(in.readInt(), LiveFilter.read(in));
    }
    Set<Integer> removed = new HashSet<>();
    for (int number : in.readIntArray()) {
      removed.add(number);
    }
    return new FilterUpdate(member, fromVersion, toVersion, added, removed);
  }
}
