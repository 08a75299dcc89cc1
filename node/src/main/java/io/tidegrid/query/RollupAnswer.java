package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Labels;
import io.tidegrid.tier.RollupColumns;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Pools the windows of series as they come; merges with others of the same question. */
final class RollupAnswer implements Answer<RollupAnswer> {

  private final RollupQuestion question;
  private final Map<Labels, PooledWindows> groups = new HashMap<>();
  private final PooledWindows.Shared shared = new PooledWindows.Shared();
  private final SeriesWindow contribution = new SeriesWindow();
  private long rows;

  RollupAnswer(RollupQuestion question) {
    this.question = question;
  }

  @Override
  public void check(QueryBudget budget) {
    budget.checkRows(
        rows, question.valuesPerRow(), maxRows -> question.advice(groups.size(), maxRows));
  }

  /**
   * Takes the windows of a series, once and all of them.
   *
   * @param columns each lies in one window of the question; in the order of time, so that what lies
   *     between the last sample of one and the first of the next is known
   */
  void accept(Labels labels, RollupColumns columns) {
    int size = columns.size();
    if (size == 0) {
      return;
    }
    Labels group = groupOf(labels);
    PooledWindows pooled = groups.computeIfAbsent(group, g -> newWindows());
    int before = pooled.size();
    int from = 0;
    while (from < size) {
      long window = windowOf(columns.starts()[from]);
      int to = from + 1;
      while (to < size && windowOf(columns.starts()[to]) == window) {
        to++;
      }
      contribute(columns, from, to);
      int slot = pooled.add(window, contribution, lengthMs(window), shared);
      if (question.query().quantiles()) {
        for (int i = from; i < to; i++) {
          pooled.addHistogram(slot, columns.histograms()[i], shared);
        }
      }
      from = to;
    }
    rows += pooled.size() - before;
  }

  private PooledWindows newWindows() {
    return new PooledWindows(question.query().quantiles());
  }

  /** Each difference belongs to the window of its later sample, so that windows add up. */
  private void contribute(RollupColumns columns, int from, int to) {
    SeriesWindow into = contribution;
    into.begin(columns.firsts()[from], columns.firstTimes()[from]);
    for (int i = from; i < to; i++) {
      double first = columns.firsts()[i];
      long firstTime = columns.firstTimes()[i];
      double last = columns.lasts()[i];
      long lastTime = columns.lastTimes()[i];
      if (i > 0) {
        into.addDifference(columns.lasts()[i - 1], columns.lastTimes()[i - 1], first, firstTime);
      }
      into.increase.add(columns.increases()[i]);
      into.delta.add(last);
      into.delta.add(-first);
      into.coveredMs += lastTime - firstTime;
      into.resets += columns.resets()[i];
      into.count += columns.counts()[i];
      into.sum.add(columns.sums()[i]);
      into.min = Math.min(into.min, columns.mins()[i]);
      into.max = Math.max(into.max, columns.maxs()[i]);
      into.last = last;
      into.lastTime = lastTime;
    }
  }

  private Labels groupOf(Labels labels) {
    Grouping grouping = question.query().grouping();
    if (grouping.eachSeries()) {
      return labels;
    }
    if (grouping.labels().isEmpty()) {
      return Labels.empty();
    }
    Labels.Builder group = Labels.builder();
    for (String name : grouping.labels()) {
      group.set(name, labels.get(name));
    }
    return group.build();
  }

  private long windowOf(long timeMs) {
    long length = question.query().windowMs();
    return length == 0 ? 0 : Math.floorDiv(timeMs, length);
  }

  private long startOf(long window) {
    long length = question.query().windowMs();
    return length == 0 ? question.query().range().fromMs() : window * length;
  }

  private long lengthMs(long window) {
    TimeRange range = question.query().range();
    long length = question.query().windowMs();
    if (length == 0) {
      return range.toMs() - range.fromMs();
    }
    long start = window * length;
    long end = start > Long.MAX_VALUE - length ? Long.MAX_VALUE : start + length;
    return Math.min(end, range.toMs()) - Math.max(start, range.fromMs());
  }

  @Override
  public void merge(RollupAnswer other) {
    other.groups.forEach((labels, windows) -> {
      PooledWindows mine = groups.putIfAbsent(labels, windows);
      if (mine == null) {
        windows.moveTo(shared);
        rows += windows.size();
      } else {
        int before = mine.size();
        mine.merge(windows, shared);
        rows += mine.size() - before;
      }
    });
  }

  /** Returns the rows sorted by labels, then time. */
  List<RollupRow> toRows() {
    List<RollupRow> result = new ArrayList<>(Math.toIntExact(rows));
    new TreeMap<>(groups)
        .forEach((labels, windows) -> {
          for (int slot : windows.inOrder()) {
            result.add(windows.row(slot, labels, startOf(windows.window(slot)), shared));
          }
        });
    return result;
  }

  /** Returns the values of one function sorted by labels, then time. */
  List<Bucket> toBuckets(Function function) {
    List<Bucket> result = new ArrayList<>(Math.toIntExact(rows));
    new TreeMap<>(groups)
        .forEach((labels, windows) -> {
          for (int slot : windows.inOrder()) {
            if (windows.has(slot, function)) {
              double value = windows.value(slot, function, shared);
              result.add(new Bucket(labels, startOf(windows.window(slot)), value));
            }
          }
        });
    return result;
  }

  @Override
  public void write(ObjectDataOutput out) throws IOException {
    out.writeBoolean(question.query().quantiles());
    out.writeInt(groups.size());
    for (Map.Entry<Labels, PooledWindows> group : groups.entrySet()) {
      out.writeByteArray(group.getKey().canonicalBytes());
      group.getValue().write(out);
    }
  }

  /** Reads an answer that is only good for merging into another one of the same question. */
  static RollupAnswer read(ObjectDataInput in) throws IOException {
    boolean quantiles = in.readBoolean();
    RollupAnswer answer = new RollupAnswer(RollupQuestion.ofUnknown(quantiles));
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      Labels labels = Labels.fromCanonical(in.readByteArray());
      PooledWindows windows = PooledWindows.read(quantiles, in);
      answer.groups.put(labels, windows);
      answer.rows += windows.size();
    }
    return answer;
  }
}
