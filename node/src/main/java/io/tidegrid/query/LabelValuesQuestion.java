package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.ShardView;
import java.util.List;

/** Asks for the values of a label over the matching series. */
record LabelValuesQuestion(String tenant, String label, List<Matcher> matchers)
    implements ShardQuestion<NamesAnswer> {

  @Override
  public Class<NamesAnswer> answerType() {
    return NamesAnswer.class;
  }

  @Override
  public NamesAnswer newAnswer() {
    return new NamesAnswer();
  }

  @Override
  public void readMemory(ShardView view, ShardScan<NamesAnswer> scan) {
    if (matchers.isEmpty()) {
      view.labelValues(tenant, label).forEach(scan.answer()::add);
      return;
    }
    view.select(
        tenant,
        matchers,
        series -> {
          scan.budget().check();
          String value = series.labels().get(label);
          if (!value.isEmpty()) {
            scan.answer().add(value);
          }
        });
  }

  @Override
  public void readArchive(
      SampleArchive archive, List<PendingSeries> pending, NamesAnswer answer, QueryBudget budget) {
    throw new IllegalStateException("directories are whole");
  }
}
