package io.tidegrid.events;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.io.Serial;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** Reserves ids of one shard for a caller, as far as they are free, on owner and backups. */
final class ReserveProcessor
    implements EntryProcessor<Integer, EventIds, ReserveOutcome>,
        HazelcastInstanceAware,
        IdentifiedDataSerializable {

  @Serial private static final long serialVersionUID = 1L;

  private int shard;
  private long seed;
  private long token;
  private UUID caller = new UUID(0, 0);
  private long[] ids = {};
  private long[] bodies = {};
  private transient HazelcastInstance hazelcast;
  private transient HoldProcessor onBackup;

  /** For deserialization. */
  ReserveProcessor() {}

  /**
   * @param seed with which the ids were hashed; 0 when that is to be found out
   * @param token of the caller's request
   * @param caller the member that asks
   */
  ReserveProcessor(int shard, long seed, long token, UUID caller, long[] ids, long[] bodies) {
    this.shard = shard;
    this.seed = seed;
    this.token = token;
    this.caller = caller;
    this.ids = ids;
    this.bodies = bodies;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    this.hazelcast = instance;
  }

  @Override
  public ReserveOutcome process(Map.Entry<Integer, EventIds> entry) {
    onBackup = null;
    LocalEventIds local = LocalEventIds.of(hazelcast);
    EventIds state = entry.getValue();
    long[] found = {};
    long latestMs = Long.MIN_VALUE;
    if (state == null) {
      state = new EventIds(local.newOrigin());
      // Events that outlived their ids, as they may after a split of the network.
      LocalEventIds.Present present = local.present(shard, state.origin().seed());
      found = present.ids();
      latestMs = present.latestMs();
      state.add(found, latestMs);
      entry.setValue(state);
      onBackup = new HoldProcessor(state.origin(), found, latestMs);
    }
    if (local.full()) {
      return new ReserveOutcome(state.origin(), true, new byte[0]);
    }
    if (seed != state.origin().seed()) {
      return new ReserveOutcome(state.origin(), false, new byte[0]);
    }
    long now = local.nowMs();
    Set<UUID> alive =
        hazelcast.getCluster().getMembers().stream()
            .map(member -> member.getUuid())
            .collect(Collectors.toSet());
    byte[] verdicts = state.judge(token, ids, bodies, now, alive);
    int count = 0;
    long[] heldIds = new long[ids.length];
    long[] heldBodies = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (verdicts[i] == EventIds.RESERVED) {
        heldIds[count] = ids[i];
        heldBodies[count++] = bodies[i];
      }
    }
    if (count > 0) {
      heldIds = Arrays.copyOf(heldIds, count);
      heldBodies = Arrays.copyOf(heldBodies, count);
      state.hold(caller, token, heldIds, heldBodies, now);
      onBackup =
          new HoldProcessor(
              state.origin(), found, latestMs, caller, token, heldIds, heldBodies, now);
    }
    return new ReserveOutcome(state.origin(), false, verdicts);
  }

  @Override
  public EntryProcessor<Integer, EventIds, ReserveOutcome> getBackupProcessor() {
    return onBackup;
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.RESERVE;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(shard);
    out.writeLong(seed);
    out.writeLong(token);
    out.writeLong(caller.getMostSignificantBits());
    out.writeLong(caller.getLeastSignificantBits());
    out.writeLongArray(ids);
    out.writeLongArray(bodies);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    shard = in.readInt();
    seed = in.readLong();
    token = in.readLong();
    caller = new UUID(in.readLong(), in.readLong());
    ids = in.readLongArray();
    bodies = in.readLongArray();
  }
}
