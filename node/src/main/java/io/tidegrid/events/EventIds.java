package io.tidegrid.events;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntSupplier;

/**
 * The ids of events that the devices of one shard sent: those that are being taken (reserved by a
 * caller) and those that were (hashes, in generations of which the oldest is forgotten as a whole).
 * Touched by the thread of its partition only; figures may be read by others.
 *
 * <p>All changes on a backup are repetitions of what the owner decided, and doing one twice changes
 * nothing.
 */
final class EventIds implements IdentifiedDataSerializable {

  /** How a request for an id was answered. */
  static final byte RESERVED = 0;

  static final byte DUPLICATE = 1;
  static final byte BUSY = 2;

  static final int GENERATIONS = 8;

  /** A living caller that takes longer may be overtaken by one that sends the same. */
  private static final long LEASE_MS = 2_000;

  /** And by one that sends something else under the same id. */
  private static final long LONG_LEASE_MS = 10_000;

  /** Longer than a call is tried again. */
  private static final long REMEMBER_WRITES_MS = 60_000;

  private static final long FORGET_RESERVATIONS_MS = 120_000;
  private static final long LOOK_INTERVAL_MS = 1_000;

  /** Whose an id is until its event is taken or given up. */
  private record Reservation(long token, UUID caller, long body, long sinceMs) {}

  /**
   * A write that was done, for callers that did not hear of it.
   *
   * @param stored which of the events it was asked to take
   */
  record Written(long operation, int number, BitSet stored, long atMs) {}

  /**
   * What is done with generations beside a write.
   *
   * @param open whether another one begins
   * @param forget how many of the oldest go
   */
  record Turn(boolean open, int forget) {
    static final Turn NONE = new Turn(false, 0);
  }

  /** Ids that came in one span of time. */
  private static final class Generation {
    private final IdTable ids;
    private final long startMs;

    /** The latest time of an event among them. */
    private long latestMs = Long.MIN_VALUE;

    /** The number of the last write among them. */
    private int lastNumber;

    Generation(IdTable ids, long startMs) {
      this.ids = ids;
      this.startMs = startMs;
    }
  }

  private Origin origin;
  private int number;
  private final List<Generation> generations = new ArrayList<>();
  private final Map<Long, Reservation> reservations = new HashMap<>();
  private final Map<Long, Written> written = new HashMap<>();
  private final Deque<Written> writtenInOrder = new ArrayDeque<>();
  private long lookedMs;

  private volatile long size;
  private volatile long bytes;

  /** For deserialization. */
  EventIds() {
    this(new Origin(0, 0, 0, 0, false));
  }

  EventIds(Origin origin) {
    this.origin = origin;
    generations.add(new Generation(new IdTable(), origin.createdMs()));
  }

  Origin origin() {
    return origin;
  }

  int nextNumber() {
    return number + 1;
  }

  /** Returns how many ids are remembered. */
  long size() {
    return size;
  }

  /** Returns roughly the heap that they take. */
  long bytes() {
    return bytes;
  }

  private boolean contains(long id) {
    for (int i = generations.size() - 1; i >= 0; i--) {
      if (generations.get(i).ids.contains(id)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Says for each id whether the caller may take its event, and changes nothing.
   *
   * @param alive the members of the cluster
   */
  byte[] judge(long token, long[] ids, long[] bodies, long nowMs, Set<UUID> alive) {
    byte[] verdicts = new byte[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (contains(ids[i])) {
        verdicts[i] = DUPLICATE;
        continue;
      }
      Reservation holder = reservations.get(ids[i]);
      boolean free =
          holder == null
              || holder.token == token
              || !alive.contains(holder.caller)
              || nowMs - holder.sinceMs > (holder.body == bodies[i] ? LEASE_MS : LONG_LEASE_MS);
      verdicts[i] = free ? RESERVED : BUSY;
    }
    return verdicts;
  }

  /** Gives ids to a caller. */
  void hold(UUID caller, long token, long[] ids, long[] bodies, long nowMs) {
    for (int i = 0; i < ids.length; i++) {
      reservations.put(ids[i], new Reservation(token, caller, bodies[i], nowMs));
    }
    if (nowMs - lookedMs > FORGET_RESERVATIONS_MS) {
      lookedMs = nowMs;
      reservations.values().removeIf(held -> nowMs - held.sinceMs > FORGET_RESERVATIONS_MS);
    }
  }

  /** Takes back what a caller gives up. */
  void release(long token, long[] ids) {
    for (long id : ids) {
      Reservation holder = reservations.get(id);
      if (holder != null && holder.token == token) {
        reservations.remove(id);
      }
    }
  }

  /** Returns what came of an operation; null when it is not known. */
  Written written(long operation) {
    return written.get(operation);
  }

  /**
   * Returns which events of a write may be taken: those whose ids nobody took meanwhile, and nobody
   * holds who sends something else. Of two who send the same the first to get here is the one.
   */
  BitSet takeable(long token, long[] ids, long[] bodies) {
    BitSet takeable = new BitSet(ids.length);
    for (int i = 0; i < ids.length; i++) {
      if (!contains(ids[i])) {
        Reservation holder = reservations.get(ids[i]);
        takeable.set(i, holder == null || holder.token == token || holder.body == bodies[i]);
      }
    }
    return takeable;
  }

  /**
   * Says whether it is time for another generation, and for forgetting some.
   *
   * @param maxIds how many ids the shard may remember
   * @param lowestPending gives the lowest number of a write whose events are not in the database
   *     yet: their ids are not forgotten, as nobody else would know them
   */
  Turn turn(long nowMs, long windowMs, long maxIds, IntSupplier lowestPending) {
    Generation newest = generations.getLast();
    boolean open =
        newest.ids.size() > 0
            && (newest.ids.size() >= maxIds / GENERATIONS
                || nowMs - newest.startMs >= windowMs / GENERATIONS);
    long left = size;
    int forget = 0;
    while (forget < generations.size() - 1) {
      Generation oldest = generations.get(forget);
      boolean old = generations.get(forget + 1).startMs <= nowMs - windowMs;
      if (!old && left <= maxIds) {
        break;
      }
      if (forget == 0 && nowMs - lookedMs < LOOK_INTERVAL_MS) {
        break;
      }
      lookedMs = nowMs;
      if (lowestPending.getAsInt() <= oldest.lastNumber) {
        break;
      }
      left -= oldest.ids.size();
      forget++;
    }
    return open || forget > 0 ? new Turn(open, forget) : Turn.NONE;
  }

  /**
   * Remembers a write, and the ids of events that the database turned out to have.
   *
   * @param done what it did
   * @param ids of its events
   * @param known of events that the database has
   * @param latestMs the latest time among its events and those
   * @param decidesFromMs takes the place of a provisional one; {@link Long#MIN_VALUE} for none
   */
  void commit(
      Written done, long[] ids, long[] known, long latestMs, long decidesFromMs, Turn turn) {
    if (written.containsKey(done.operation)) {
      return;
    }
    number = Math.max(number, done.number);
    if (turn.open()) {
      generations.add(new Generation(new IdTable(), done.atMs));
    }
    long forgottenMs = Long.MIN_VALUE;
    for (int i = 0; i < turn.forget() && generations.size() > 1; i++) {
      forgottenMs = Math.max(forgottenMs, generations.removeFirst().latestMs);
    }
    if (forgottenMs > origin.decidesFromMs()) {
      decidesFrom(forgottenMs, origin.provisional());
    }
    if (decidesFromMs != Long.MIN_VALUE && origin.provisional()) {
      decidesFrom(Math.max(decidesFromMs, forgottenMs), false);
    }
    Generation newest = generations.getLast();
    for (int i = done.stored.nextSetBit(0); i >= 0; i = done.stored.nextSetBit(i + 1)) {
      newest.ids.add(ids[i]);
      reservations.remove(ids[i]);
    }
    for (long id : known) {
      newest.ids.add(id);
      reservations.remove(id);
    }
    newest.latestMs = Math.max(newest.latestMs, latestMs);
    newest.lastNumber = Math.max(newest.lastNumber, done.number);
    remember(done);
    measure();
  }

  /** Adds ids of events that are there, with the latest of their times. */
  void add(long[] ids, long latestMs) {
    Generation newest = generations.getLast();
    for (long id : ids) {
      newest.ids.add(id);
    }
    newest.latestMs = Math.max(newest.latestMs, latestMs);
    measure();
  }

  private void decidesFrom(long timeMs, boolean provisional) {
    origin = new Origin(origin.seed(), origin.epoch(), origin.createdMs(), timeMs, provisional);
  }

  private void remember(Written done) {
    written.put(done.operation, done);
    writtenInOrder.add(done);
    while (done.atMs - writtenInOrder.getFirst().atMs > REMEMBER_WRITES_MS) {
      written.remove(writtenInOrder.removeFirst().operation);
    }
  }

  private void measure() {
    long ids = 0;
    long sum = 0;
    for (Generation generation : generations) {
      ids += generation.ids.size();
      sum += generation.ids.bytes();
    }
    size = ids;
    bytes = sum;
  }

  @Override
  public int getFactoryId() {
    return EventSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return EventSerializers.IDS;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    origin.writeData(out);
    out.writeInt(number);
    out.writeInt(generations.size());
    for (Generation generation : generations) {
      generation.ids.writeData(out);
      out.writeLong(generation.startMs);
      out.writeLong(generation.latestMs);
      out.writeInt(generation.lastNumber);
    }
    out.writeInt(reservations.size());
    for (Map.Entry<Long, Reservation> entry : reservations.entrySet()) {
      Reservation held = entry.getValue();
      out.writeLong(entry.getKey());
      out.writeLong(held.token);
      out.writeLong(held.caller.getMostSignificantBits());
      out.writeLong(held.caller.getLeastSignificantBits());
      out.writeLong(held.body);
      out.writeLong(held.sinceMs);
    }
    out.writeInt(writtenInOrder.size());
    for (Written done : writtenInOrder) {
      out.writeLong(done.operation);
      out.writeInt(done.number);
      out.writeLongArray(done.stored.toLongArray());
      out.writeLong(done.atMs);
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    origin = Origin.readData(in);
    number = in.readInt();
    generations.clear();
    for (int left = in.readInt(); left > 0; left--) {
      IdTable ids = IdTable.readData(in);
      Generation generation = new Generation(ids, in.readLong());
      generation.latestMs = in.readLong();
      generation.lastNumber = in.readInt();
      generations.add(generation);
    }
    for (int left = in.readInt(); left > 0; left--) {
      long id = in.readLong();
      long token = in.readLong();
      UUID caller = new UUID(in.readLong(), in.readLong());
      reservations.put(id, new Reservation(token, caller, in.readLong(), in.readLong()));
    }
    for (int left = in.readInt(); left > 0; left--) {
      Written done =
          new Written(
              in.readLong(), in.readInt(), BitSet.valueOf(in.readLongArray()), in.readLong());
      written.put(done.operation, done);
      writtenInOrder.add(done);
    }
    measure();
  }
}
