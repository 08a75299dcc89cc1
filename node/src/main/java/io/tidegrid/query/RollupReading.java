package io.tidegrid.query;

import io.tidegrid.query.RollupPlan.Piece;
import io.tidegrid.store.RollStamps;
import io.tidegrid.store.RollupDirt;
import io.tidegrid.store.SampleBuffer;
import io.tidegrid.store.SeriesView;
import io.tidegrid.store.ShardView;
import io.tidegrid.tier.RollupColumns;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the windows of one shard from memory, and notes what the database has to tell. */
final class RollupReading {

  /**
   * So many samples a question reads from memory rather than to ask the database for the windows:
   * the time of one round trip.
   */
  static final long CHEAP_SAMPLES = 200_000;

  private final RollupQuestion question;
  private final ShardView view;
  private final ShardScan<RollupAnswer> scan;
  private final SampleRoller roller;
  private final RollupColumns windows = new RollupColumns();
  private final List<Piece> pieces;
  private final RollStamps stamps;
  private final long wholeFromMs;
  private final boolean memoryHasAll;

  RollupReading(RollupQuestion question, ShardView view, ShardScan<RollupAnswer> scan) {
    this.question = question;
    this.view = view;
    this.scan = scan;
    this.roller = question.newRoller();
    // First of all, so that what is written from here on cannot make a block look clean that is
    // not.
    RollupDirt dirt = view.dirt();
    this.stamps = dirt.stamps();
    this.wholeFromMs = view.wholeFromMs();
    this.pieces =
        RollupPlan.of(
            question.query().range(),
            question.tier(),
            scan.planner().rollups(),
            dirt,
            scan.budget().nowMs());
    this.memoryHasAll =
        pieces.stream()
            .filter(piece -> piece.stored().isPresent())
            .allMatch(piece -> piece.fromMs() >= wholeFromMs);
  }

  void read() {
    if (!pieces.isEmpty()) {
      view.select(question.query().tenant(), question.query().matchers(), this::read);
    }
  }

  private void read(SeriesView series) {
    scan.countSeries();
    windows.clear();
    List<PendingRollup.Part> parts = new ArrayList<>(0);
    if (memoryHasAll && (question.preferMemory() || isCheap(series))) {
      readSamples(series, pieces.getFirst().fromMs(), pieces.getLast().toMs() - 1, parts);
    } else {
      for (Piece piece : pieces) {
        if (piece.stored().isPresent()) {
          keepWindows(parts);
          parts.add(new PendingRollup.Stored(piece.stored().get(), piece.fromMs(), piece.toMs()));
        } else {
          readSamples(series, piece.fromMs(), piece.toMs() - 1, parts);
        }
      }
    }
    if (parts.isEmpty()) {
      scan.answer().accept(series.labels(), windows);
      scan.answer().check(scan.budget());
    } else {
      keepWindows(parts);
      scan.pendingRollups()
          .add(new PendingRollup(series.id(), view.shard(), stamps, series.labels(), parts));
    }
  }

  /** Tells whether what is stored of a series is sooner computed anew than read. */
  private boolean isCheap(SeriesView series) {
    long first = series.firstTimeMs();
    long last = series.lastTimeMs();
    long storedMs = 0;
    long liveMs = 0;
    for (Piece piece : pieces) {
      long length = Math.min(piece.toMs(), last) - Math.max(piece.fromMs(), first);
      if (length > 0 && piece.stored().isPresent()) {
        storedMs += length;
      } else if (length > 0) {
        liveMs += length;
      }
    }
    if (storedMs <= liveMs) {
      return true;
    }
    double perMs = series.sampleCount() / ((double) last - first);
    return scan.budget().takeCheap((long) (perMs * storedMs), CHEAP_SAMPLES);
  }

  private void readSamples(
      SeriesView series, long fromMs, long toMs, List<PendingRollup.Part> parts) {
    SampleBuffer buffer = scan.buffer();
    buffer.clear();
    series.copy(fromMs, toMs, buffer);
    scan.countSamples(buffer.size());
    // As for samples: memory may have lost old ones since the first look.
    Optional<TimeRange> archive =
        scan.planner()
            .plan(new TimeRange(fromMs, toMs), Math.max(wholeFromMs, view.wholeFromMs()))
            .archive();
    if (archive.isPresent()) {
      keepWindows(parts);
      parts.add(new PendingRollup.Samples(new PendingSeries.Columns(buffer), archive.get()));
    } else {
      roller.roll(buffer.times(), buffer.values(), buffer.size(), windows);
    }
  }

  private void keepWindows(List<PendingRollup.Part> parts) {
    if (windows.size() > 0) {
      RollupColumns kept = new RollupColumns();
      for (int i = 0; i < windows.size(); i++) {
        kept.add(windows, i);
      }
      parts.add(new PendingRollup.Known(kept));
      windows.clear();
    }
  }
}
