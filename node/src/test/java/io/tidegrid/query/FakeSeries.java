package io.tidegrid.query;

import io.tidegrid.model.Labels;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.SeriesView;
import java.util.Arrays;

/** A series in memory whose samples a test sets. */
final class FakeSeries implements SeriesView {

  private final long id;
  private final Labels labels;
  private volatile long[] times = {};
  private volatile double[] values = {};

  FakeSeries(long id, Labels labels) {
    this.id = id;
    this.labels = labels;
  }

  FakeSeries samples(long[] newTimes, double[] newValues) {
    times = newTimes;
    values = newValues;
    return this;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public Labels labels() {
    return labels;
  }

  @Override
  public int copy(long fromMs, long toMs, SampleBuffer into) {
    int from = position(fromMs);
    int to = toMs == Long.MAX_VALUE ? times.length : position(toMs + 1);
    int count = Math.max(0, to - from);
    int at = into.size();
    into.ensureRoom(count);
    System.arraycopy(times, from, into.times(), at, count);
    System.arraycopy(values, from, into.values(), at, count);
    into.size(at + count);
    return count;
  }

  private int position(long time) {
    int at = Arrays.binarySearch(times, time);
    return at >= 0 ? at : -at - 1;
  }

  @Override
  public boolean copyLatest(long toMs, SampleBuffer into) {
    int to = toMs == Long.MAX_VALUE ? times.length : position(toMs + 1);
    if (to == 0) {
      return false;
    }
    into.add(times[to - 1], values[to - 1]);
    return true;
  }

  @Override
  public long firstTimeMs() {
    return times.length == 0 ? Long.MAX_VALUE : times[0];
  }

  @Override
  public long lastTimeMs() {
    return times.length == 0 ? Long.MIN_VALUE : times[times.length - 1];
  }

  @Override
  public long sampleCount(long fromMs) {
    return (long) times.length - position(fromMs);
  }
}
