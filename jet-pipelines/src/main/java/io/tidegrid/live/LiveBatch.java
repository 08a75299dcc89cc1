package io.tidegrid.live;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Labels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Samples that match filters of one member, in columns. Filled by one thread, then only read. */
final class LiveBatch {

  private SeriesMatch[] matches = new SeriesMatch[16];
  private long[] times = new long[16];
  private double[] values = new double[16];
  private int size;

  int size() {
    return size;
  }

  SeriesMatch match(int i) {
    return matches[i];
  }

  long time(int i) {
    return times[i];
  }

  double value(int i) {
    return values[i];
  }

  void add(SeriesMatch match, long timeMs, double value) {
    if (size == times.length) {
      int capacity = size * 2;
      matches = Arrays.copyOf(matches, capacity);
      times = Arrays.copyOf(times, capacity);
      values = Arrays.copyOf(values, capacity);
    }
    matches[size] = match;
    times[size] = timeMs;
    values[size++] = value;
  }

  /** Adds to each filter's count the samples that match it. */
  void count(Map<Integer, Long> byFilter) {
    for (int i = 0; i < size; i++) {
      for (int filter : matches[i].filters()) {
        byFilter.merge(filter, 1L, Long::sum);
      }
    }
  }

  /** Writes each series once, however many samples it has. */
  void write(ObjectDataOutput out) throws IOException {
    IdentityHashMap<SeriesMatch, Integer> numbers = new IdentityHashMap<>();
    List<SeriesMatch> distinct = new ArrayList<>();
    int[] series = new int[size];
    for (int i = 0; i < size; i++) {
      Integer number = numbers.putIfAbsent(matches[i], distinct.size());
      if (number == null) {
        number = distinct.size();
        distinct.add(matches[i]);
      }
      series[i] = number;
    }
    out.writeInt(distinct.size());
    for (SeriesMatch match : distinct) {
      out.writeByteArray(match.labels().canonicalBytes());
      out.writeIntArray(match.filters());
    }
    out.writeIntArray(series);
    out.writeLongArray(Arrays.copyOf(times, size));
    out.writeDoubleArray(Arrays.copyOf(values, size));
  }

  static LiveBatch read(ObjectDataInput in) throws IOException {
    int count = in.readInt();
    List<SeriesMatch> distinct = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      distinct.add(new SeriesMatch(Labels.fromCanonical(in.readByteArray()), in.readIntArray()));
    }
    int[] series = in.readIntArray();
    LiveBatch batch = new LiveBatch();
    batch.times = in.readLongArray();
    batch.values = in.readDoubleArray();
    batch.size = series.length;
    if (batch.times.length != batch.size || batch.values.length != batch.size) {
      throw new IOException("the columns of a batch differ in length");
    }
    batch.matches = new SeriesMatch[batch.size];
    for (int i = 0; i < batch.size; i++) {
      batch.matches[i] = distinct.get(series[i]);
    }
    return batch;
  }
}
