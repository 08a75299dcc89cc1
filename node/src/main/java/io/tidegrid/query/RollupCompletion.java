package io.tidegrid.query;

import io.tidegrid.persist.RollupArchive;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.query.PendingRollup.Part;
import io.tidegrid.query.PendingRollup.Samples;
import io.tidegrid.query.PendingRollup.Stored;
import io.tidegrid.store.BlockSpan;
import io.tidegrid.store.RollStamps;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.tier.RollupColumns;
import io.tidegrid.tier.Tier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Asks the database for what memory could not tell, and hands series over as they get whole. */
final class RollupCompletion {

  /** What is stored over a gap this long is rather read in vain than asked around. */
  private static final long GAP_MS = 3 * BlockSpan.LENGTH_MS;

  private static final long GAP_DAYS_MS = 30 * Tier.ONE_DAY.windowMs();

  private final RollupQuestion question;
  private final Archives archives;
  private final RollupAnswer answer;
  private final QueryBudget budget;
  private final SampleRoller roller;
  private final RollupColumns joined = new RollupColumns();
  private final SampleBuffer cut = new SampleBuffer();
  private final SampleBuffer merged = new SampleBuffer();

  /** A part of a series that is still open. */
  private record Hole<P extends Part>(PendingRollup series, P part) {}

  /** Holes that one statement fills. */
  private record Reading<P extends Part>(long fromMs, long toMs, Map<Long, List<Hole<P>>> holes) {

    long[] ids() {
      return holes.keySet().stream().mapToLong(id -> id).toArray();
    }

    /** In the order of {@link #ids}. */
    int[] shards() {
      return holes.values().stream().mapToInt(all -> all.getFirst().series().shard()).toArray();
    }
  }

  /** Tells the ends of a part. */
  private interface Ends<P> {
    long of(P part);
  }

  RollupCompletion(
      RollupQuestion question, Archives archives, RollupAnswer answer, QueryBudget budget) {
    this.question = question;
    this.roller = question.newRoller();
    this.archives = archives;
    this.answer = answer;
    this.budget = budget;
  }

  void complete(List<PendingRollup> pending) {
    for (int at = 0; at < pending.size(); at += SampleReading.ARCHIVE_BATCH) {
      completeBatch(
          pending.subList(at, Math.min(pending.size(), at + SampleReading.ARCHIVE_BATCH)));
    }
  }

  private void completeBatch(List<PendingRollup> batch) {
    List<Hole<Samples>> samples = new ArrayList<>();
    Map<Tier, List<Hole<Stored>>> stored = new EnumMap<>(Tier.class);
    // Once all parts were looked at: filling the last of a series hands it over.
    List<Runnable> known = new ArrayList<>();
    for (PendingRollup series : batch) {
      for (Part part : series.parts()) {
        switch (part) {
          case Samples open -> samples.add(new Hole<>(series, open));
          case Stored open -> {
            Hole<Stored> hole = new Hole<>(series, open);
            Optional<RollupColumns> kept = kept(hole);
            if (kept.isPresent()) {
              known.add(() -> fill(hole, kept.get()));
            } else {
              stored.computeIfAbsent(open.tier(), t -> new ArrayList<>()).add(hole);
            }
          }
          case PendingRollup.Known ignored -> {}
        }
      }
    }
    known.forEach(Runnable::run);
    for (Reading<Samples> reading :
        readings(samples, p -> p.archive().fromMs(), p -> p.archive().toMs() + 1, 0)) {
      readSamples(archives.samples().orElseThrow(), reading);
    }
    stored.forEach((tier, holes) -> {
      long gap = tier == Tier.ONE_DAY ? GAP_DAYS_MS : GAP_MS;
      for (Reading<Stored> reading : readings(holes, Stored::fromMs, Stored::toMs, gap)) {
        readStored(archives.rollups().orElseThrow(), tier, reading);
      }
    });
  }

  private Optional<RollupColumns> kept(Hole<Stored> hole) {
    Stored part = hole.part();
    return part.tier() == Tier.ONE_HOUR
        ? archives
            .hours()
            .find(
                hole.series().id(),
                hole.series().stamps(),
                part.fromMs(),
                part.toMs(),
                question.query().quantiles())
        : Optional.empty();
  }

  /** Puts holes that overlap, or lie no more than a gap apart, into one reading. */
  private static <P extends Part> List<Reading<P>> readings(
      List<Hole<P>> holes, Ends<P> from, Ends<P> to, long gap) {
    List<Hole<P>> sorted = new ArrayList<>(holes);
    sorted.sort(Comparator.comparingLong(hole -> from.of(hole.part())));
    List<Reading<P>> readings = new ArrayList<>();
    for (Hole<P> hole : sorted) {
      long start = from.of(hole.part());
      long end = to.of(hole.part());
      Reading<P> last = readings.isEmpty() ? null : readings.getLast();
      if (last == null || start - gap > last.toMs()) {
        last = new Reading<>(start, end, new HashMap<>());
        readings.add(last);
      } else if (end > last.toMs()) {
        last = new Reading<>(last.fromMs(), end, last.holes());
        readings.set(readings.size() - 1, last);
      }
      last.holes().computeIfAbsent(hole.series().id(), id -> new ArrayList<>(1)).add(hole);
    }
    return readings;
  }

  private void readSamples(SampleArchive archive, Reading<Samples> reading) {
    budget.check();
    Map<Long, List<Hole<Samples>>> open = new HashMap<>(reading.holes());
    archive.read(
        reading.ids(),
        reading.shards(),
        reading.fromMs(),
        reading.toMs() - 1,
        budget.remaining(),
        (id, found) -> {
          List<Hole<Samples>> holes = open.remove(id);
          if (holes != null) {
            budget.check();
            for (Hole<Samples> hole : holes) {
              SampleBuffer own = SampleReading.cut(found, hole.part().archive(), cut);
              budget.addSamples(own.size());
              fill(hole, own);
            }
          }
        });
    cut.clear();
    open.values().forEach(holes -> holes.forEach(hole -> fill(hole, cut)));
  }

  private void fill(Hole<Samples> hole, SampleBuffer archive) {
    merged.clear();
    SampleReading.merge(archive, hole.part().memory(), merged);
    RollupColumns windows = new RollupColumns();
    roller.roll(merged.times(), merged.values(), merged.size(), windows);
    know(hole.series(), hole.part(), windows);
  }

  private void readStored(RollupArchive archive, Tier tier, Reading<Stored> reading) {
    budget.check();
    boolean histograms = question.query().quantiles();
    Map<Long, List<Hole<Stored>>> open = new HashMap<>(reading.holes());
    // Whole days, so that they can be kept.
    boolean keeping = tier == Tier.ONE_HOUR && mayKeep(reading);
    long from = keeping ? Tier.ONE_DAY.startOf(reading.fromMs()) : reading.fromMs();
    long to =
        keeping
            ? Tier.ONE_DAY.startOf(reading.toMs() - 1) + Tier.ONE_DAY.windowMs()
            : reading.toMs();
    RollupArchive.Consumer fill =
        (id, found) -> {
          List<Hole<Stored>> holes = open.remove(id);
          if (holes != null) {
            budget.check();
            budget.addSamples(found.size());
            if (keeping) {
              RollStamps stamps = holes.getFirst().series().stamps();
              archives.hours().keep(id, stamps, from, to, found, histograms);
            }
            holes.forEach(hole -> fill(hole, found));
          }
        };
    archive.read(tier, reading.ids(), from, to, histograms, budget.remaining(), fill);
    RollupColumns none = new RollupColumns();
    for (Map.Entry<Long, List<Hole<Stored>>> rest : open.entrySet()) {
      if (keeping) {
        RollStamps stamps = rest.getValue().getFirst().series().stamps();
        archives.hours().keep(rest.getKey(), stamps, from, to, none, histograms);
      }
      rest.getValue().forEach(hole -> fill(hole, none));
    }
  }

  private boolean mayKeep(Reading<Stored> reading) {
    int series = reading.holes().size();
    return reading.holes().values().stream()
        .map(holes -> holes.getFirst().series().stamps())
        .allMatch(s -> archives.hours().takes(s, series, reading.fromMs(), reading.toMs()));
  }

  private void fill(Hole<Stored> hole, RollupColumns found) {
    int size = found.size();
    Stored part = hole.part();
    boolean fits =
        size == 0 || (found.starts()[0] >= part.fromMs() && found.starts()[size - 1] < part.toMs());
    if (fits && hole.series().parts().size() == 1) {
      answer.accept(hole.series().labels(), found);
      answer.check(budget);
      return;
    }
    RollupColumns own = new RollupColumns();
    for (int i = 0; i < size; i++) {
      if (found.starts()[i] >= part.fromMs() && found.starts()[i] < part.toMs()) {
        own.add(found, i);
      }
    }
    know(hole.series(), part, own);
  }

  private void know(PendingRollup series, Part part, RollupColumns windows) {
    if (!series.know(part, windows)) {
      return;
    }
    joined.clear();
    for (Part each : series.parts()) {
      RollupColumns own = each.windows();
      for (int i = 0; i < own.size(); i++) {
        joined.add(own, i);
      }
    }
    answer.accept(series.labels(), joined);
    answer.check(budget);
  }
}
