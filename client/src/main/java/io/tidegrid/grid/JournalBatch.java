package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.Labels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * One batch of one shard as it travels to the database: the samples in columns and the series that
 * its sender had to name. Immutable once built; the arrays must not be changed.
 */
public final class JournalBatch implements IdentifiedDataSerializable {

  private static final int OVERLAPPING = 1;
  private static final int OLD = 2;

  private int flags;
  private int size;
  private long[] ids;
  private long[] times;
  private double[] values;
  private List<Birth> births;

  /** For deserialization. */
  public JournalBatch() {}

  /**
   * @param size the number of samples; the arrays may be longer
   * @param ids series ids
   * @param times milliseconds since 1970
   * @param values any double
   * @param births the series that the sender named, known to the shard before or not
   * @param overlapping whether a sample of these (series, time) may have been written before
   * @param old whether the samples are older than what memory keeps, so that only the database has
   *     them
   */
  public JournalBatch(
      int size,
      long[] ids,
      long[] times,
      double[] values,
      List<Birth> births,
      boolean overlapping,
      boolean old) {
    this.size = size;
    this.ids = ids;
    this.times = times;
    this.values = values;
    this.births = List.copyOf(births);
    this.flags = (overlapping ? OVERLAPPING : 0) | (old ? OLD : 0);
  }

  /** Returns the number of samples. */
  public int size() {
    return size;
  }

  /** Returns the column of series ids; at least {@link #size()} long. */
  public long[] ids() {
    return ids;
  }

  /** Returns the column of times in milliseconds since 1970. */
  public long[] times() {
    return times;
  }

  /** Returns the column of values. */
  public double[] values() {
    return values;
  }

  /** Returns the series that the sender named, known before or not. */
  public List<Birth> births() {
    return births;
  }

  /** Tells whether a sample of these (series, time) may have been written before. */
  public boolean overlapping() {
    return (flags & OVERLAPPING) != 0;
  }

  /** Tells whether the samples are older than what memory keeps. */
  public boolean old() {
    return (flags & OLD) != 0;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.JOURNAL_BATCH;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeByte(flags);
    out.writeInt(size);
    out.writeByteArray(SampleColumns.encode(size, ids, times, values));
    writeBirths(out);
  }

  /** Names a tenant once for all births that follow one another with it. */
  private void writeBirths(ObjectDataOutput out) throws IOException {
    out.writeInt(births.size());
    String tenant = "";
    for (Birth birth : births) {
      boolean sameTenant = birth.tenant().equals(tenant);
      out.writeBoolean(sameTenant);
      if (!sameTenant) {
        tenant = birth.tenant();
        out.writeString(tenant);
      }
      out.writeLong(birth.id());
      out.writeByteArray(birth.labels().canonicalBytes());
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    flags = in.readByte();
    size = in.readInt();
    byte[] columns = in.readByteArray();
    SampleColumns.check(columns, size);
    ids = new long[size];
    times = new long[size];
    values = new double[size];
    SampleColumns.decode(columns, size, ids, times, values);
    births = readBirths(in);
  }

  private static List<Birth> readBirths(ObjectDataInput in) throws IOException {
    int count = in.readInt();
    List<Birth> births = new ArrayList<>();
    String tenant = "";
    for (int i = 0; i < count; i++) {
      if (!in.readBoolean()) {
        tenant = in.readString();
      }
      births.add(new Birth(in.readLong(), tenant, Labels.fromCanonical(in.readByteArray())));
    }
    return Collections.unmodifiableList(births);
  }
}
