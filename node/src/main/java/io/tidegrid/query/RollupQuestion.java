package io.tidegrid.query;

import io.tidegrid.persist.SampleArchive;
import io.tidegrid.store.ShardView;
import io.tidegrid.tier.Tier;
import java.util.List;
import java.util.Optional;

/**
 * Asks for windows; each member pools what it owns, the results are merged.
 *
 * @param query what is asked; {@code windowMs} may be 0 for one window over the range
 * @param tier the coarsest stored windows that are of use; empty for samples alone
 * @param onlyOne whether one figure of each row is asked for, so that a row counts as one value
 * @param preferMemory whether memory is read wherever it holds everything, however long it takes,
 *     because the database is away
 */
record RollupQuestion(RollupQuery query, Optional<Tier> tier, boolean onlyOne, boolean preferMemory)
    implements ShardQuestion<RollupAnswer> {

  /** How many values a row with all figures counts for: what it takes in memory. */
  private static final int VALUES_PER_ROW = 4;

  /** For an answer that is read to be merged into another one. */
  static RollupQuestion ofUnknown(boolean quantiles) {
    return new RollupQuestion(
        new RollupQuery("", List.of(), new TimeRange(0, 0), 0, Grouping.bySeries(), quantiles),
        Optional.empty(),
        true,
        false);
  }

  RollupQuestion preferringMemory() {
    return new RollupQuestion(query, tier, onlyOne, true);
  }

  int valuesPerRow() {
    return onlyOne ? 1 : VALUES_PER_ROW;
  }

  /** Returns what puts samples into windows for this question. */
  SampleRoller newRoller() {
    return new SampleRoller(
        query.quantiles(), query.windowMs() == 0 ? Long.MAX_VALUE : query.windowMs());
  }

  /** Says how to ask for fewer rows. */
  String advice(int groups, long maxRows) {
    long length = query.range().toMs() - query.range().fromMs();
    for (Tier longer : Tier.values()) {
      if (longer.windowMs() > query.windowMs()
          && query.windowMs() > 0
          && length / longer.windowMs() < maxRows / Math.max(1, groups)) {
        return "take windows of " + longer.text() + ", a shorter range, or fewer series";
      }
    }
    return "take a shorter range or fewer series, or group by fewer labels";
  }

  @Override
  public Class<RollupAnswer> answerType() {
    return RollupAnswer.class;
  }

  @Override
  public RollupAnswer newAnswer() {
    return new RollupAnswer(this);
  }

  @Override
  public void readMemory(ShardView view, ShardScan<RollupAnswer> scan) {
    new RollupReading(this, view, scan).read();
  }

  @Override
  public void readArchive(
      SampleArchive archive, List<PendingSeries> pending, RollupAnswer answer, QueryBudget budget) {
    throw new IllegalStateException("windows wait as pending rollups");
  }

  @Override
  public void readRollups(
      Archives archives, List<PendingRollup> pending, RollupAnswer answer, QueryBudget budget) {
    new RollupCompletion(this, archives, answer, budget).complete(pending);
  }
}
