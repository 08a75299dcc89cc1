package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Labels;
import io.tidegrid.tier.CompensatedSum;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Aggregates series as they come, by group and window; merges with others of the same query. */
final class GroupedWindows implements Answer<GroupedWindows>, SampleSink {

  private final AggregateQuery query;
  private final Map<Labels, WindowColumns> groups = new HashMap<>();
  private long buckets;

  GroupedWindows(AggregateQuery query) {
    this.query = query;
  }

  @Override
  public void check(QueryBudget budget) {
    budget.checkBuckets(buckets);
  }

  @Override
  public void accept(Labels labels, long[] times, double[] values, int size) {
    if (size == 0) {
      return;
    }
    Labels group = groupOf(labels);
    WindowColumns columns = groups.get(group);
    if (columns == null) {
      columns = new WindowColumns(query.function());
    }
    int before = columns.size();
    switch (query.function()) {
      case RATE, INCREASE, DELTA -> addDifferences(columns, times, values, size);
      case AVG, SUM, MIN, MAX, COUNT, FIRST, LAST, STDDEV, P50, P90, P95, P99, RAW ->
          addPooled(columns, times, values, size);
    }
    if (columns.size() > before) {
      groups.putIfAbsent(group, columns);
      buckets += columns.size() - before;
    }
  }

  private Labels groupOf(Labels labels) {
    if (query.groupBy().isEmpty()) {
      return Labels.empty();
    }
    Labels.Builder group = Labels.builder();
    for (String name : query.groupBy()) {
      group.set(name, labels.get(name));
    }
    return group.build();
  }

  private void addPooled(WindowColumns columns, long[] times, double[] values, int size) {
    if (query.intervalMs() == 0) {
      columns.add(0, times, values, 0, size);
      return;
    }
    int from = 0;
    while (from < size) {
      long window = windowOf(times[from]);
      long end = endOf(window);
      int to = from + 1;
      while (to < size && times[to] < end) {
        to++;
      }
      columns.add(window, times, values, from, to);
      from = to;
    }
  }

  /** Each difference belongs to the window of its later sample, so that windows add up. */
  private void addDifferences(WindowColumns columns, long[] times, double[] values, int size) {
    boolean resets = query.function() != Function.DELTA;
    CompensatedSum increase = new CompensatedSum();
    long coveredMs = 0;
    long window = 0;
    long end = Long.MIN_VALUE;
    int previous = -1;
    for (int i = 0; i < size; i++) {
      double value = values[i];
      if (Double.isNaN(value)) {
        continue;
      }
      if (previous >= 0) {
        if (times[i] >= end) {
          flush(columns, window, increase, coveredMs);
          coveredMs = 0;
          window = query.intervalMs() == 0 ? 0 : windowOf(times[i]);
          end = query.intervalMs() == 0 ? Long.MAX_VALUE : endOf(window);
        }
        if (resets && value < values[previous]) {
          increase.add(value);
        } else {
          increase.add(value);
          increase.add(-values[previous]);
        }
        coveredMs += times[i] - times[previous];
      }
      previous = i;
    }
    flush(columns, window, increase, coveredMs);
  }

  private void flush(WindowColumns columns, long window, CompensatedSum increase, long coveredMs) {
    if (coveredMs == 0) {
      return;
    }
    if (query.function() == Function.RATE) {
      double seconds = Math.max(lengthMs(window), coveredMs) / 1000.0;
      increase.set(increase.value() / seconds, 0);
    }
    columns.addContribution(window, increase);
    increase.set(0, 0);
  }

  private long lengthMs(long window) {
    TimeRange range = query.range();
    if (query.intervalMs() == 0) {
      return range.toMs() - range.fromMs();
    }
    return Math.min(endOf(window), range.toMs())
        - Math.max(window * query.intervalMs(), range.fromMs());
  }

  private long windowOf(long timeMs) {
    return Math.floorDiv(timeMs, query.intervalMs());
  }

  private long endOf(long window) {
    long start = window * query.intervalMs();
    return start > Long.MAX_VALUE - query.intervalMs()
        ? Long.MAX_VALUE
        : start + query.intervalMs();
  }

  @Override
  public void merge(GroupedWindows other) {
    other.groups.forEach((labels, columns) -> {
      WindowColumns mine = groups.putIfAbsent(labels, columns);
      if (mine == null) {
        buckets += columns.size();
      } else {
        int before = mine.size();
        mine.merge(columns);
        buckets += mine.size() - before;
      }
    });
  }

  /** Returns the values sorted by labels, then time. */
  List<Bucket> toBuckets() {
    List<Bucket> result = new ArrayList<>(Math.toIntExact(buckets));
    new TreeMap<>(groups)
        .forEach((labels, columns) ->
            columns.forEach(
                (window, value) -> result.add(new Bucket(labels, startOf(window), value))));
    return result;
  }

  private long startOf(long window) {
    return query.intervalMs() == 0 ? query.range().fromMs() : window * query.intervalMs();
  }

  @Override
  public void write(ObjectDataOutput out) throws IOException {
    out.writeString(query.function().name());
    out.writeLong(query.range().fromMs());
    out.writeLong(query.range().toMs());
    out.writeLong(query.intervalMs());
    out.writeInt(groups.size());
    for (Map.Entry<Labels, WindowColumns> group : groups.entrySet()) {
      out.writeByteArray(group.getKey().canonicalBytes());
      group.getValue().write(out);
    }
  }

  /** Reads an answer that is only good for merging into another one of the same query. */
  static GroupedWindows read(ObjectDataInput in) throws IOException {
    Function function = Function.valueOf(in.readString());
    TimeRange range = new TimeRange(in.readLong(), in.readLong());
    GroupedWindows answer =
        new GroupedWindows(
            new AggregateQuery("", List.of(), range, function, in.readLong(), List.of()));
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      Labels labels = Labels.fromCanonical(in.readByteArray());
      WindowColumns columns = WindowColumns.read(function, in);
      answer.groups.put(labels, columns);
      answer.buckets += columns.size();
    }
    return answer;
  }
}
