package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.codec.ChunkCodec;
import io.tidegrid.model.Labels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Series with their samples; between members the samples travel as chunks. */
final class SeriesAnswer implements Answer<SeriesAnswer>, SampleSink {

  private final boolean staleMarkers;
  private final List<SeriesSamples> series = new ArrayList<>();

  /**
   * @param staleMarkers whether Prometheus' stale markers are kept among the samples
   */
  SeriesAnswer(boolean staleMarkers) {
    this.staleMarkers = staleMarkers;
  }

  @Override
  public void accept(Labels labels, long[] times, double[] values, int size) {
    int kept = staleMarkers ? size : countValues(values, size);
    if (kept == 0) {
      return;
    }
    if (kept == size) {
      add(labels, Arrays.copyOf(times, size), Arrays.copyOf(values, size));
      return;
    }
    long[] keptTimes = new long[kept];
    double[] keptValues = new double[kept];
    int to = 0;
    for (int i = 0; i < size; i++) {
      if (!StaleMarker.is(values[i])) {
        keptTimes[to] = times[i];
        keptValues[to++] = values[i];
      }
    }
    add(labels, keptTimes, keptValues);
  }

  private void add(Labels labels, long[] times, double[] values) {
    series.add(new SeriesSamples(labels, times, values));
  }

  private static int countValues(double[] values, int size) {
    int count = 0;
    for (int i = 0; i < size; i++) {
      count += StaleMarker.is(values[i]) ? 0 : 1;
    }
    return count;
  }

  List<SeriesSamples> sorted() {
    series.sort(Comparator.comparing(SeriesSamples::labels));
    return List.copyOf(series);
  }

  @Override
  public void merge(SeriesAnswer other) {
    series.addAll(other.series);
  }

  @Override
  public void write(ObjectDataOutput out) throws IOException {
    out.writeInt(series.size());
    ChunkCodec codec = ChunkCodec.current();
    for (SeriesSamples one : series) {
      out.writeByteArray(one.labels().canonicalBytes());
      out.writeInt(one.size());
      for (int at = 0; at < one.size(); at += ChunkCodec.MAX_SAMPLES) {
        int count = Math.min(ChunkCodec.MAX_SAMPLES, one.size() - at);
        out.writeByteArray(codec.encode(one.times(), one.values(), at, count));
      }
    }
  }

  static SeriesAnswer read(ObjectDataInput in) throws IOException {
    SeriesAnswer answer = new SeriesAnswer(true);
    ChunkCodec codec = ChunkCodec.current();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      Labels labels = Labels.fromCanonical(in.readByteArray());
      int size = in.readInt();
      long[] times = new long[size];
      double[] values = new double[size];
      int at = 0;
      while (at < size) {
        at += codec.decode(in.readByteArray(), times, values, at);
      }
      answer.add(labels, times, values);
    }
    return answer;
  }
}
