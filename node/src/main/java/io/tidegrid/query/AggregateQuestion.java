package io.tidegrid.query;

import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.ShardView;
import java.util.List;

/** Asks for aggregates; each member aggregates what it owns, the results are merged. */
record AggregateQuestion(AggregateQuery query) implements ShardQuestion<GroupedWindows> {

  @Override
  public Class<GroupedWindows> answerType() {
    return GroupedWindows.class;
  }

  @Override
  public GroupedWindows newAnswer() {
    return new GroupedWindows(query);
  }

  @Override
  public void readMemory(ShardView view, ShardScan<GroupedWindows> scan) {
    SampleReading.readMemory(
        query.tenant(),
        query.matchers(),
        query.range(),
        view,
        scan,
        (labels, times, values, size) -> {
          scan.answer().accept(labels, times, values, size);
          scan.answer().check(scan.budget());
        });
  }

  @Override
  public void readArchive(
      SampleArchive archive,
      List<PendingSeries> pending,
      GroupedWindows answer,
      QueryBudget budget) {
    SampleReading.completeFromArchive(
        archive,
        pending,
        budget,
        (labels, times, values, size) -> {
          answer.accept(labels, times, values, size);
          answer.check(budget);
        });
  }
}
