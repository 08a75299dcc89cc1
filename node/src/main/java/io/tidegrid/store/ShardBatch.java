package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.grid.Birth;
import io.tidegrid.model.Labels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Samples for one shard. A sample names its series by id when the shard's owner confirmed the id to
 * this sender in {@link #epoch()}, else by its place among the births. Immutable; the arrays must
 * not be changed.
 */
public final class ShardBatch implements IdentifiedDataSerializable {

  private int epoch;
  private boolean old;
  private int size;
  private long[] ids = {};
  private long[] times = {};
  private double[] values = {};
  private int[] birthOf = {};
  private List<Birth> births = List.of();

  /** For deserialization. */
  public ShardBatch() {}

  /**
   * @param epoch the epoch in which the ids were confirmed; 0 when every sample has a birth
   * @param old whether memory is not to keep these samples
   * @param size the number of samples; the columns may be longer
   * @param ids series ids; of samples with a birth, the unprobed ones
   * @param times milliseconds since 1970
   * @param values any doubles
   * @param birthOf for each sample its birth, or -1; empty when there are no births
   * @param births series named with their labels, each with its unprobed id
   */
  public ShardBatch(
      int epoch,
      boolean old,
      int size,
      long[] ids,
      long[] times,
      double[] values,
      int[] birthOf,
      List<Birth> births) {
    this.epoch = epoch;
    this.old = old;
    this.size = size;
    this.ids = ids;
    this.times = times;
    this.values = values;
    this.birthOf = birthOf;
    this.births = births;
  }

  int epoch() {
    return epoch;
  }

  boolean old() {
    return old;
  }

  int size() {
    return size;
  }

  long[] ids() {
    return ids;
  }

  long[] times() {
    return times;
  }

  double[] values() {
    return values;
  }

  List<Birth> births() {
    return births;
  }

  int birthOf(int i) {
    return birthOf.length == 0 ? -1 : birthOf[i];
  }

  /** Returns the column of ids, with those of births as the shard gave them. */
  public long[] resolvedIds(long[] birthIds) {
    boolean same = true;
    for (int i = 0; i < birthIds.length && same; i++) {
      same = births.get(i).id() == birthIds[i];
    }
    if (same) {
      return ids;
    }
    long[] resolved = ids.clone();
    for (int i = 0; i < size; i++) {
      if (birthOf(i) >= 0) {
        resolved[i] = birthIds[birthOf(i)];
      }
    }
    return resolved;
  }

  /** Returns the same samples with the ids that the shard gave, needing no births to be read. */
  ShardBatch resolved(long[] resolvedIds, List<Birth> resolvedBirths) {
    return new ShardBatch(epoch, old, size, resolvedIds, times, values, new int[0], resolvedBirths);
  }

  @Override
  public int getFactoryId() {
    return StoreSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return StoreSerializers.SHARD_BATCH;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(epoch);
    out.writeBoolean(old);
    ColumnCodec.write(out, size, ids, times, values);
    out.writeIntArray(birthOf);
    writeBirths(out, births);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    epoch = in.readInt();
    old = in.readBoolean();
    ColumnCodec columns = ColumnCodec.read(in);
    size = columns.size();
    ids = columns.ids();
    times = columns.times();
    values = columns.values();
    birthOf = in.readIntArray();
    births = readBirths(in);
  }

  static void writeBirths(ObjectDataOutput out, List<Birth> births) throws IOException {
    out.writeInt(births.size());
    for (Birth birth : births) {
      out.writeLong(birth.id());
      out.writeString(birth.tenant());
      out.writeByteArray(birth.labels().canonicalBytes());
    }
  }

  static List<Birth> readBirths(ObjectDataInput in) throws IOException {
    int count = in.readInt();
    List<Birth> births = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      births.add(
          new Birth(in.readLong(), in.readString(), Labels.fromCanonical(in.readByteArray())));
    }
    return births;
  }
}
