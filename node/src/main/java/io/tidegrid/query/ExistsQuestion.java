package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.ShardView;
import java.util.List;

/** Asks whether there is any matching series. The directories know all of them. */
record ExistsQuestion(String tenant, List<Matcher> matchers)
    implements ShardQuestion<ExistsAnswer> {

  @Override
  public Class<ExistsAnswer> answerType() {
    return ExistsAnswer.class;
  }

  @Override
  public ExistsAnswer newAnswer() {
    return new ExistsAnswer(false);
  }

  @Override
  public void readMemory(ShardView view, ShardScan<ExistsAnswer> scan) {
    view.select(tenant, matchers, series -> scan.answer().found());
  }

  @Override
  public void readArchive(
      SampleArchive archive, List<PendingSeries> pending, ExistsAnswer answer, QueryBudget budget) {
    throw new IllegalStateException("directories are whole");
  }
}
