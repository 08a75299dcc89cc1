package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.Coverage;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.ShardView;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How the samples of a range are read from memory and the database and become one series. */
final class SampleReading {

  /** Bounds the length of a statement and what is lost when the query ends early. */
  static final int ARCHIVE_BATCH = 1_000;

  private SampleReading() {}

  static void readMemory(
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      ShardView view,
      ShardScan<?> scan,
      SampleSink sink) {
    Coverage before = view.coverage();
    TimeRange memory = scan.planner().plan(range, before).memory();
    view.select(
        tenant,
        matchers,
        series -> {
          scan.countSeries();
          SampleBuffer buffer = scan.buffer();
          buffer.clear();
          series.copy(memory.fromMs(), memory.toMs(), buffer);
          scan.countSamples(buffer.size());
          // Memory may have lost old samples since the first look, or gained them since the copy:
          // the database fills what was missing at either moment.
          QueryPlanner.Plan plan = scan.planner().plan(range, before.and(view.coverage()));
          if (plan.archive().isPresent()) {
            scan.pending()
                .add(
                    new PendingSeries(
                        series.id(),
                        view.shard(),
                        series.labels(),
                        new PendingSeries.Columns(buffer),
                        plan.archive().get()));
          } else {
            sink.accept(series.labels(), buffer.times(), buffer.values(), buffer.size());
          }
        });
  }

  /** Takes a series that waited for the database, with what that has of it. */
  interface ArchiveSink {

    /**
     * Called once for each series.
     *
     * @param found what the database has; empty when it has nothing; only valid during the call
     */
    void accept(PendingSeries series, SampleBuffer found);
  }

  /**
   * Asks the database for each series' own range and calls the sink once for each of them. Samples
   * that the database has beyond a series' range are left out.
   */
  static void readArchive(
      SampleArchive archive, List<PendingSeries> pending, QueryBudget budget, ArchiveSink sink) {
    SampleBuffer cut = new SampleBuffer();
    for (int at = 0; at < pending.size(); at += ARCHIVE_BATCH) {
      List<PendingSeries> batch = pending.subList(at, Math.min(pending.size(), at + ARCHIVE_BATCH));
      Map<Long, PendingSeries> open = byId(batch);
      long from = batch.stream().mapToLong(p -> p.archive().fromMs()).min().orElseThrow();
      long to = batch.stream().mapToLong(p -> p.archive().toMs()).max().orElseThrow();
      budget.check();
      archive.read(
          ids(batch),
          shards(batch),
          from,
          to,
          budget.remaining(),
          (id, found) -> {
            PendingSeries series = open.remove(id);
            if (series != null) {
              budget.check();
              sink.accept(series, cut(found, series.archive(), cut));
            }
          });
      cut.clear();
      open.values().forEach(series -> sink.accept(series, cut));
    }
  }

  static Map<Long, PendingSeries> byId(List<PendingSeries> batch) {
    Map<Long, PendingSeries> map = HashMap.newHashMap(batch.size());
    batch.forEach(series -> map.put(series.id(), series));
    return map;
  }

  static long[] ids(Collection<PendingSeries> batch) {
    return batch.stream().mapToLong(PendingSeries::id).toArray();
  }

  /** Returns the shards in the order of {@link #ids}. */
  static int[] shards(Collection<PendingSeries> batch) {
    return batch.stream().mapToInt(PendingSeries::shard).toArray();
  }

  /** Returns the samples that lie in the range; {@code into} holds them if not all do. */
  static SampleBuffer cut(SampleBuffer found, TimeRange range, SampleBuffer into) {
    long[] times = found.times();
    int size = found.size();
    if (size == 0 || (times[0] >= range.fromMs() && times[size - 1] <= range.toMs())) {
      return found;
    }
    int from = lowerBound(times, size, range.fromMs());
    int to = range.toMs() == Long.MAX_VALUE ? size : lowerBound(times, size, range.toMs() + 1);
    into.clear();
    append(times, found.values(), from, to, into);
    return into;
  }

  private static int lowerBound(long[] times, int size, long time) {
    int at = Arrays.binarySearch(times, 0, size, time);
    return at >= 0 ? at : -at - 1;
  }

  /** Merges by time into the empty buffer; of equal times the sample of memory stays. */
  static void merge(SampleBuffer archive, PendingSeries.Columns memory, SampleBuffer into) {
    int a = 0;
    int m = 0;
    long[] times = archive.times();
    double[] values = archive.values();
    while (a < archive.size() && m < memory.size()) {
      if (times[a] < memory.times[m]) {
        into.add(times[a], values[a]);
        a++;
      } else {
        a += times[a] == memory.times[m] ? 1 : 0;
        into.add(memory.times[m], memory.values[m]);
        m++;
      }
    }
    append(times, values, a, archive.size(), into);
    append(memory.times, memory.values, m, memory.size(), into);
  }

  private static void append(long[] times, double[] values, int from, int to, SampleBuffer into) {
    int at = into.size();
    into.ensureRoom(to - from);
    System.arraycopy(times, from, into.times(), at, to - from);
    System.arraycopy(values, from, into.values(), at, to - from);
    into.size(at + to - from);
  }

  /** Reads the pending series and hands each, merged, to the sink. */
  static void completeFromArchive(
      SampleArchive archive, List<PendingSeries> pending, QueryBudget budget, SampleSink sink) {
    SampleBuffer merged = new SampleBuffer();
    readArchive(
        archive,
        pending,
        budget,
        (series, found) -> {
          budget.addSamples(found.size());
          merged.clear();
          merge(found, series.memory(), merged);
          sink.accept(series.labels(), merged.times(), merged.values(), merged.size());
        });
  }
}
