package io.tidegrid.query;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.persist.RollupArchive;
import io.tidegrid.tier.Tier;
import java.time.Instant;
import java.util.Optional;

/** Decides which resolution answers a question, and what of its range is still kept. */
final class SourceChoice {

  private static final long HOUR_MS = 3_600_000;
  private static final long DAY_MS = 24 * HOUR_MS;
  private static final long WEEK_MS = 7 * DAY_MS;

  private final Optional<RollupArchive> archive;
  private final Retentions retentions;

  /**
   * @param archive empty when no windows are stored, so that all are computed from samples
   */
  SourceChoice(Optional<RollupArchive> archive, Retentions retentions) {
    this.archive = archive;
    this.retentions = retentions;
  }

  /** Chooses by the length of the range, then coarser as far as its age demands. */
  Source forRange(String tenant, TimeRange range) {
    long length = range.toMs() - range.fromMs();
    Source source =
        length < 0 || length > WEEK_MS
            ? Source.ONE_DAY
            : length > DAY_MS ? Source.ONE_HOUR : length > HOUR_MS ? Source.ONE_MINUTE : Source.RAW;
    for (Source coarser : Source.values()) {
      if (coarser.compareTo(source) >= 0 && isKept(coarser, tenant, range.fromMs())) {
        return coarser;
      }
    }
    return Source.ONE_DAY;
  }

  Source forAggregate(AggregateQuery query) {
    if (query.function() == Function.STDDEV) {
      return Source.RAW;
    }
    TimeRange range = query.range();
    if (query.intervalMs() == 0) {
      return forRange(query.tenant(), range);
    }
    long length = range.toMs() - range.fromMs();
    boolean isShort = length >= 0 && length <= HOUR_MS;
    return isShort && isKept(Source.RAW, query.tenant(), range.fromMs())
        ? Source.RAW
        : forWindow(query.intervalMs());
  }

  /** Returns the coarsest source whose windows make up windows of that length. */
  static Source forWindow(long windowMs) {
    Source found = Source.RAW;
    for (Tier tier : Tier.values()) {
      if (windowMs % tier.windowMs() == 0) {
        found = Source.of(tier);
      }
    }
    return found;
  }

  private boolean isKept(Source source, String tenant, long timeMs) {
    return keptFromMs(source, tenant) <= timeMs
        && (source != Source.RAW || archive.isEmpty() || !archive.get().isRawDropped(timeMs));
  }

  private long keptFromMs(Source source, String tenant) {
    long tenants = retentions.keptFromMs(tenant, source.text());
    return archive.isEmpty() || source.tier().isEmpty()
        ? tenants
        : Math.max(tenants, archive.get().keptFromMs(source.tier().get()));
  }

  /**
   * Cuts what the tenant's own retention hides off a range.
   *
   * @throws TidegridException {@code INVALID_RANGE}, saying what is kept, when nothing is left
   */
  TimeRange visible(TimeRange range, Source source, String tenant) {
    long keptFrom = retentions.keptFromMs(tenant, source.text());
    if (keptFrom <= range.fromMs()) {
      return range;
    }
    // A window that was stored whole is shown as long as its end is kept.
    long from = source.tier().map(tier -> tier.startOf(keptFrom)).orElse(keptFrom);
    if (from > range.toMs()) {
      throw gone(source, tenant);
    }
    return new TimeRange(Math.max(range.fromMs(), from), range.toMs());
  }

  /**
   * Tells an empty answer from one that retention has emptied.
   *
   * @throws TidegridException {@code INVALID_RANGE}, saying what is kept
   */
  void requireKept(TimeRange range, Source source, String tenant) {
    if (archive.isPresent()
        && archive.get().isRawDropped(range.toMs())
        && (source == Source.RAW || range.toMs() < keptFromMs(source, tenant))) {
      throw gone(source, tenant);
    }
  }

  private TidegridException gone(Source source, String tenant) {
    StringBuilder detail = new StringBuilder("retention has dropped ");
    detail
        .append(source == Source.RAW ? "the raw samples" : "the windows of " + source.text())
        .append(" of that time; ask for a later start, or for windows of ");
    boolean any = false;
    for (Source other : Source.values()) {
      if (other.compareTo(source) > 0) {
        long keptFrom = keptFromMs(other, tenant);
        detail
            .append(any ? ", " : "")
            .append(other.text())
            .append(
                keptFrom == Long.MIN_VALUE
                    ? " (kept for ever)"
                    : " (kept from " + Instant.ofEpochMilli(keptFrom) + " on)");
        any = true;
      }
    }
    return new TidegridException(
        ErrorCode.INVALID_RANGE,
        any
            ? detail.toString()
            : "retention has dropped the windows of "
                + source.text()
                + " of that time; ask for a later start");
  }
}
