package io.tidegrid.query;

import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.Coverage;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.SeriesView;
import io.tidegrid.store.ShardView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Asks for the newest sample of each series at or before a time; stale markers are no samples. */
record LatestQuestion(String tenant, List<Matcher> matchers, long toMs)
    implements ShardQuestion<SeriesAnswer> {

  /** How far to look back behind a stale marker at first; each further look goes longer. */
  private static final long FIRST_LOOK_BACK_MS = 3_600_000;

  private static final int LOOK_BACK_FACTOR = 8;

  @Override
  public Class<SeriesAnswer> answerType() {
    return SeriesAnswer.class;
  }

  @Override
  public SeriesAnswer newAnswer() {
    return new SeriesAnswer(false);
  }

  @Override
  public void readMemory(ShardView view, ShardScan<SeriesAnswer> scan) {
    Coverage before = view.coverage();
    view.select(
        tenant,
        matchers,
        series -> {
          scan.countSeries();
          SampleBuffer newest = newestOf(series, scan);
          boolean found = newest.size() > 0;
          Optional<TimeRange> archive =
              found && newest.times()[0] == toMs
                  ? Optional.empty()
                  : scan.planner()
                      .plan(
                          new TimeRange(found ? newest.times()[0] + 1 : Long.MIN_VALUE, toMs),
                          before.and(view.coverage()))
                      .archive();
          if (archive.isPresent()) {
            scan.pending()
                .add(
                    new PendingSeries(
                        series.id(),
                        view.shard(),
                        series.labels(),
                        new PendingSeries.Columns(newest),
                        archive.get()));
          } else {
            scan.answer().accept(series.labels(), newest.times(), newest.values(), newest.size());
          }
        });
  }

  private SampleBuffer newestOf(SeriesView series, ShardScan<SeriesAnswer> scan) {
    SampleBuffer buffer = scan.buffer();
    buffer.clear();
    if (!series.copyLatest(toMs, buffer)) {
      buffer.clear();
      return buffer;
    }
    scan.countSamples(1);
    if (!StaleMarker.is(buffer.values()[0])) {
      return buffer;
    }
    long before = buffer.times()[0];
    long first = series.firstTimeMs();
    long lookBack = FIRST_LOOK_BACK_MS;
    while (before > first) {
      long from = before - lookBack;
      buffer.clear();
      series.copy(from, before - 1, buffer);
      scan.countSamples(buffer.size());
      if (keepNewestValue(buffer)) {
        return buffer;
      }
      scan.budget().check();
      before = from;
      lookBack *= LOOK_BACK_FACTOR;
    }
    buffer.clear();
    return buffer;
  }

  private static boolean keepNewestValue(SampleBuffer buffer) {
    for (int i = buffer.size() - 1; i >= 0; i--) {
      if (!StaleMarker.is(buffer.values()[i])) {
        long time = buffer.times()[i];
        double value = buffer.values()[i];
        buffer.clear();
        buffer.add(time, value);
        return true;
      }
    }
    return false;
  }

  @Override
  public void readArchive(
      SampleArchive archive, List<PendingSeries> pending, SeriesAnswer answer, QueryBudget budget) {
    for (int at = 0; at < pending.size(); at += SampleReading.ARCHIVE_BATCH) {
      List<PendingSeries> batch =
          pending.subList(at, Math.min(pending.size(), at + SampleReading.ARCHIVE_BATCH));
      readBatch(archive, batch, answer, budget);
    }
  }

  private static void readBatch(
      SampleArchive archive, List<PendingSeries> batch, SeriesAnswer answer, QueryBudget budget) {
    budget.check();
    Map<Long, PendingSeries> open = SampleReading.byId(batch);
    long to = batch.stream().mapToLong(p -> p.archive().toMs()).max().orElseThrow();
    List<PendingSeries> ended = new ArrayList<>();
    long[] newestEnd = {Long.MIN_VALUE};
    long[] oldestEnd = {Long.MAX_VALUE};
    archive.readLatest(
        SampleReading.ids(batch),
        SampleReading.shards(batch),
        to,
        budget.remaining(),
        (id, found) -> {
          PendingSeries series = open.get(id);
          if (series == null || found.size() == 0) {
            return;
          }
          budget.addSamples(1);
          long time = found.times()[0];
          if (!isNewer(series, time)) {
            return;
          }
          open.remove(id);
          if (StaleMarker.is(found.values()[0])) {
            ended.add(series);
            newestEnd[0] = Math.max(newestEnd[0], time);
            oldestEnd[0] = Math.min(oldestEnd[0], time);
          } else {
            answer.accept(series.labels(), found.times(), found.values(), 1);
          }
        });
    open.values().forEach(series -> acceptMemory(series, answer));
    if (!ended.isEmpty()) {
      lookBack(archive, ended, oldestEnd[0], newestEnd[0], answer, budget);
    }
  }

  /** Looks for the last value of series that the database knows to have ended. */
  private static void lookBack(
      SampleArchive archive,
      List<PendingSeries> ended,
      long oldestEnd,
      long newestEnd,
      SeriesAnswer answer,
      QueryBudget budget) {
    Map<Long, PendingSeries> open = SampleReading.byId(ended);
    long lookBack = FIRST_LOOK_BACK_MS;
    long from = oldestEnd - lookBack;
    long to = newestEnd;
    while (!open.isEmpty()) {
      budget.check();
      archive.read(
          SampleReading.ids(open.values()),
          SampleReading.shards(open.values()),
          Math.max(0, from),
          to,
          budget.remaining(),
          (id, found) -> {
            PendingSeries series = open.get(id);
            if (series != null) {
              budget.addSamples(found.size());
              if (keepNewestValue(found) && isNewer(series, found.times()[0])) {
                open.remove(id);
                answer.accept(series.labels(), found.times(), found.values(), 1);
              }
            }
          });
      if (from <= 0) {
        break;
      }
      to = from - 1;
      lookBack *= LOOK_BACK_FACTOR;
      from -= lookBack;
    }
    open.values().forEach(series -> acceptMemory(series, answer));
  }

  private static boolean isNewer(PendingSeries series, long time) {
    return series.memory().size() == 0 || time > series.memory().times[0];
  }

  private static void acceptMemory(PendingSeries series, SeriesAnswer answer) {
    Labels labels = series.labels();
    PendingSeries.Columns memory = series.memory();
    answer.accept(labels, memory.times, memory.values, memory.size());
  }
}
