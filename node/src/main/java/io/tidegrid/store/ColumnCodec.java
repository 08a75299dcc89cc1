package io.tidegrid.store;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The wire form of sample columns between members: bulk bytes, and equal times only once. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ColumnCodec(int size, long[] ids, long[] times, double[] values) {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static void write(ObjectDataOutput out, int size, long[] ids, long[] times, double[] values)
      throws IOException {
    boolean oneTime = true;
    for (int i = 1; i < size && oneTime; i++) {
      oneTime = times[i] == times[0];
    }
    byte[] bytes = new byte[8 * (2 * size + (oneTime ? Math.min(size, 1) : size))];
    int at = 0;
    for (int i = 0; i < size; i++, at += 16) {
      LONGS.set(bytes, at, ids[i]);
      LONGS.set(bytes, at + 8, Double.doubleToRawLongBits(values[i]));
    }
    for (int i = 0; at < bytes.length; i++, at += 8) {
      LONGS.set(bytes, at, times[i]);
    }
    out.writeInt(size);
    out.writeByteArray(bytes);
  }

  static ColumnCodec read(ObjectDataInput in) throws IOException {
    int size = in.readInt();
    byte[] bytes = in.readByteArray();
    long[] ids = new long[size];
    long[] times = new long[size];
    double[] values = new double[size];
    int at = 0;
    for (int i = 0; i < size; i++, at += 16) {
      ids[i] = (long) LONGS.get(bytes, at);
      values[i] = Double.longBitsToDouble((long) LONGS.get(bytes, at + 8));
    }
    boolean oneTime = bytes.length < 24 * size;
    for (int i = 0; i < size; i++) {
      times[i] = (long) LONGS.get(bytes, oneTime ? at : at + 8 * i);
    }
    return new ColumnCodec(size, ids, times, values);
  }
}
