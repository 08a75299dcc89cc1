package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.ShardView;
import java.util.List;

/**
 * Asks for series with their samples.
 *
 * @param staleMarkers whether Prometheus' stale markers are kept among the samples
 */
record SamplesQuestion(String tenant, List<Matcher> matchers, TimeRange range, boolean staleMarkers)
    implements ShardQuestion<SeriesAnswer> {

  @Override
  public Class<SeriesAnswer> answerType() {
    return SeriesAnswer.class;
  }

  @Override
  public SeriesAnswer newAnswer() {
    return new SeriesAnswer(staleMarkers);
  }

  @Override
  public void readMemory(ShardView view, ShardScan<SeriesAnswer> scan) {
    SampleReading.readMemory(tenant, matchers, range, view, scan, scan.answer());
  }

  @Override
  public void readArchive(
      SampleArchive archive, List<PendingSeries> pending, SeriesAnswer answer, QueryBudget budget) {
    SampleReading.completeFromArchive(archive, pending, budget, answer);
  }
}
