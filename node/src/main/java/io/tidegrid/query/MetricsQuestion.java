package io.tidegrid.query;

import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.ShardView;
import java.util.List;
import java.util.Locale;

/** Asks for the metrics whose name contains a text, ignoring case. */
record MetricsQuestion(String tenant, String search) implements ShardQuestion<MetricsAnswer> {

  @Override
  public Class<MetricsAnswer> answerType() {
    return MetricsAnswer.class;
  }

  @Override
  public MetricsAnswer newAnswer() {
    return new MetricsAnswer();
  }

  @Override
  public void readMemory(ShardView view, ShardScan<MetricsAnswer> scan) {
    String wanted = search.toLowerCase(Locale.ROOT);
    for (String name : view.labelValues(tenant, Labels.METRIC_NAME)) {
      if (name.toLowerCase(Locale.ROOT).contains(wanted)) {
        long[] found = {0, Long.MIN_VALUE};
        view.select(
            tenant,
            List.of(Matcher.equal(Labels.METRIC_NAME, name)),
            series -> {
              scan.budget().check();
              found[0]++;
              found[1] = Math.max(found[1], series.lastTimeMs());
            });
        if (found[0] > 0) {
          scan.answer().add(new MetricSummary(name, found[0], found[1]));
        }
      }
    }
  }

  @Override
  public void readArchive(
      SampleArchive archive,
      List<PendingSeries> pending,
      MetricsAnswer answer,
      QueryBudget budget) {
    throw new IllegalStateException("directories are whole");
  }
}
