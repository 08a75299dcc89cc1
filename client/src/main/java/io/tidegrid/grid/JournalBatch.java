package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.Labels;
import java.io.IOException;
import java.util.ArrayList;
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
    long previous = 0;
    for (int i = 0; i < size; i++) {
      out.writeLong(ids[i]);
      out.writeLong(Double.doubleToRawLongBits(values[i]));
      previous = writeTime(out, previous, times[i]);
    }
    out.writeInt(births.size());
    for (Birth birth : births) {
      out.writeLong(birth.id());
      out.writeString(birth.tenant());
      out.writeByteArray(birth.labels().canonicalBytes());
    }
  }

  /** One byte for the time of the sample before, as scrapes and batches have it; else nine. */
  private static long writeTime(ObjectDataOutput out, long previous, long time) throws IOException {
    if (time == previous) {
      out.writeByte(0);
    } else {
      out.writeByte(1);
      out.writeLong(time);
    }
    return time;
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    flags = in.readByte();
    size = in.readInt();
    ids = new long[size];
    times = new long[size];
    values = new double[size];
    long previous = 0;
    for (int i = 0; i < size; i++) {
      ids[i] = in.readLong();
      values[i] = Double.longBitsToDouble(in.readLong());
      previous = in.readByte() == 0 ? previous : in.readLong();
      times[i] = previous;
    }
    int count = in.readInt();
    births = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      births.add(
          new Birth(in.readLong(), in.readString(), Labels.fromCanonical(in.readByteArray())));
    }
  }
}
