package io.tidegrid.query;

import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.Coverage;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.SeriesView;
import io.tidegrid.store.ShardView;
import java.util.List;

/**
 * Asks for what is known of a metric. Samples that memory holds are counted without reading them;
 * those of which only the database knows everything are read from there and merged, so that none is
 * counted twice. They are not held, and so do not count towards the limit of samples.
 */
record MetricQuestion(String tenant, String metric) implements ShardQuestion<MetricAnswer> {

  @Override
  public Class<MetricAnswer> answerType() {
    return MetricAnswer.class;
  }

  @Override
  public MetricAnswer newAnswer() {
    return new MetricAnswer();
  }

  @Override
  public void readMemory(ShardView view, ShardScan<MetricAnswer> scan) {
    view.select(
        tenant,
        List.of(Matcher.equal(Labels.METRIC_NAME, metric)),
        series -> {
          scan.budget().check();
          scan.answer().addSeries(series.labels());
          scan.planner()
              // Not by the coverage: parts of a long time are counted here or there, not in both.
              .plan(
                  new TimeRange(Long.MIN_VALUE, Long.MAX_VALUE), Coverage.from(view.wholeFromMs()))
              .archive()
              .ifPresentOrElse(
                  archive -> readEarly(view.shard(), series, archive, scan),
                  () ->
                      scan.answer()
                          .addSamples(
                              series.sampleCount(), series.firstTimeMs(), series.lastTimeMs()));
        });
  }

  private static void readEarly(
      int shard, SeriesView series, TimeRange archive, ShardScan<MetricAnswer> scan) {
    SampleBuffer early = scan.buffer();
    early.clear();
    if (series.firstTimeMs() <= archive.toMs()) {
      series.copy(archive.fromMs(), archive.toMs(), early);
      scan.countSamples(early.size());
    }
    scan.answer()
        .addSamples(
            series.sampleCount(archive.toMs() + 1), series.firstTimeMs(), series.lastTimeMs());
    scan.pending()
        .add(
            new PendingSeries(
                series.id(), shard, series.labels(), new PendingSeries.Columns(early), archive));
  }

  @Override
  public void readArchive(
      SampleArchive archive, List<PendingSeries> pending, MetricAnswer answer, QueryBudget budget) {
    SampleBuffer merged = new SampleBuffer();
    SampleReading.readArchive(
        archive,
        pending,
        budget,
        (series, found) -> {
          merged.clear();
          SampleReading.merge(found, series.memory(), merged);
          if (merged.size() > 0) {
            answer.addSamples(merged.size(), merged.times()[0], merged.times()[merged.size() - 1]);
          }
        });
  }
}
