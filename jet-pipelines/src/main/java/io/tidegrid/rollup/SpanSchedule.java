package io.tidegrid.rollup;

import io.tidegrid.tier.Tier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Decides when which dirty spans of a member are computed. It keeps a few numbers for each span
 * that is dirty or lately was, and nothing that could not be told again from the shards: a schedule
 * that begins anew computes at worst something twice.
 *
 * <p>A span that was dirty when it ended is due a grace after its end, each shard in its turn. One
 * that becomes dirty later is due when it is quiet, or after a while all the same; both times grow
 * while it is dirtied again and again. A day is due when it has ended and all its blocks are clean.
 * One thread at a time.
 */
final class SpanSchedule {

  private static final System.Logger LOG = System.getLogger(SpanSchedule.class.getName());

  /** The length of the spans of samples that are computed in one go. */
  static final long BLOCK_MS = 7_200_000;

  private static final int MAX_SHARDS = 1_024;
  private static final long PRUNE_MS = 10_000;
  private static final long RETRY_MS = 1_000;
  private static final long MAX_RETRY_MS = 60_000;
  private static final long FAILURE_MS = 5_000;

  /** About how much work may be under way, so that what becomes urgent need not queue for long. */
  private static final long UNDER_WAY_NANOS = 1_000_000_000;

  private static final int MOST_UNDER_WAY = 256;

  /** Spans that are written to on and on may take a quarter of a thread's time. */
  private static final int SHARE = 4;

  private final RollupOptions options;
  private final int workers;
  private final Map<Long, SpanTrack> tracks = new HashMap<>();
  private final Set<Long> daysWithDirtyBlocks = new HashSet<>();
  private long look;
  private int underWay;
  private long prunedMs = Long.MIN_VALUE;

  /** How long a span takes, a running mean; begins with a cautious guess. */
  private double meanNanos = 20e6;

  /**
   * @param workers how many threads of this member compute
   */
  SpanSchedule(RollupOptions options, int workers) {
    this.options = options;
    this.workers = workers;
  }

  /** A span that is due, and how much it matters. */
  private record Due(DirtySpan span, SpanTrack track, boolean fresh) {

    /** What has just ended goes first, then the oldest, which leaves memory first. */
    static final Comparator<Due> ORDER =
        Comparator.comparing((Due due) -> !due.fresh).thenComparingLong(due -> due.span.startMs());
  }

  /**
   * Returns what is to be computed now, the most urgent first, and takes note that it is under way.
   */
  List<DirtySpan> due(Look now) {
    now.ports().outcomes().drain(outcome -> settle(outcome, now.nowMs()));
    look++;
    daysWithDirtyBlocks.clear();
    for (DirtySpan span : now.dirty()) {
      if (span.tier() != Tier.ONE_DAY) {
        daysWithDirtyBlocks.add(day(span));
      }
    }
    int room = now.open() ? room() : 0;
    // The least urgent on top, to be replaced.
    PriorityQueue<Due> chosen = new PriorityQueue<>(Due.ORDER.reversed());
    long patienceMs =
        Math.max(
            options.patience().toMillis(),
            (long) (SHARE * meanNanos * now.dirty().size() / workers / 1e6));
    for (DirtySpan span : now.dirty()) {
      SpanTrack track = see(span, now.nowMs());
      if (track.state != SpanTrack.State.WAITING || now.nowMs() < track.notBeforeMs) {
        continue;
      }
      boolean fresh = isFresh(span, track);
      if (room > 0 && isDue(span, track, fresh, patienceMs, now.nowMs())) {
        chosen.add(new Due(span, track, fresh));
        if (chosen.size() > room) {
          chosen.poll();
        }
      }
    }
    prune(now.nowMs());
    return send(chosen);
  }

  private List<DirtySpan> send(PriorityQueue<Due> chosen) {
    List<Due> ordered = new ArrayList<>(chosen);
    ordered.sort(Due.ORDER);
    List<DirtySpan> due = new ArrayList<>(ordered.size());
    for (Due each : ordered) {
      each.track.state = SpanTrack.State.UNDER_WAY;
      underWay++;
      due.add(each.span);
    }
    return due;
  }

  private int room() {
    long most = Math.clamp((long) (UNDER_WAY_NANOS / meanNanos), 2, MOST_UNDER_WAY);
    return (int) Math.max(0, most * workers - underWay);
  }

  /** Brings what is known of a span up to date. */
  private SpanTrack see(DirtySpan span, long nowMs) {
    SpanTrack track = tracks.get(key(span));
    if (track == null) {
      track = new SpanTrack();
      tracks.put(key(span), track);
    }
    boolean wasClean = track.look != look - 1;
    track.look = look;
    if (wasClean) {
      track.dirtySinceMs = nowMs;
      if (track.handedOverMs != Long.MIN_VALUE && nowMs - track.handedOverMs > memoryMs(track)) {
        track.level = 0;
      }
      if (track.state == SpanTrack.State.HANDED_OVER) {
        track.state = SpanTrack.State.WAITING;
      }
    }
    if (wasClean || track.sequence != span.sequence()) {
      track.sequence = span.sequence();
      track.changedMs = nowMs;
    }
    if (track.state == SpanTrack.State.HANDED_OVER) {
      if (Long.compareUnsigned(track.sequence, track.throughSequence) > 0) {
        track.state = SpanTrack.State.WAITING;
        track.dirtySinceMs = nowMs;
      } else if (nowMs - track.handedOverMs
          >= Math.max(options.lostAfter().toMillis(), backoffMs(track.level))) {
        // What is not committed by now went with a member, or was refused by the database.
        track.state = SpanTrack.State.WAITING;
        track.dirtySinceMs = Long.MIN_VALUE;
      }
    }
    return track;
  }

  /** Tells whether a span is to be computed for the first time since it ended. */
  private boolean isFresh(DirtySpan span, SpanTrack track) {
    long firstDueMs = firstDueMs(span);
    return span.tier() != Tier.ONE_DAY
        && track.handedOverMs < firstDueMs
        && track.dirtySinceMs != Long.MIN_VALUE
        && track.dirtySinceMs < firstDueMs;
  }

  private boolean isDue(
      DirtySpan span, SpanTrack track, boolean fresh, long patienceMs, long nowMs) {
    if (nowMs < firstDueMs(span)
        || (span.tier() == Tier.ONE_DAY && daysWithDirtyBlocks.contains(day(span)))) {
      return false;
    }
    if (fresh || track.dirtySinceMs == Long.MIN_VALUE) {
      return true;
    }
    long backoffMs = backoffMs(track.level);
    long quietMs = Math.min(backoffMs, options.patience().toMillis());
    return nowMs - track.changedMs >= quietMs
        || nowMs - track.dirtySinceMs >= Math.max(patienceMs, backoffMs);
  }

  private long firstDueMs(DirtySpan span) {
    long lengthMs = span.tier() == Tier.ONE_DAY ? Tier.ONE_DAY.windowMs() : BLOCK_MS;
    return span.startMs() + lengthMs + options.grace().toMillis() + turnMs(span.shard());
  }

  /**
   * Spreads the shards evenly whatever their number is, and neighbours far apart, since those may
   * be on one member.
   *
   * @see <a href="https://doi.org/10.1007/BF01385639">van der Corput, Verteilungsfunktionen,
   *     1935</a>
   */
  private long turnMs(int shard) {
    double place = (Integer.reverse(shard) >>> 1) / (double) (1L << 31);
    return (long) (options.spread().toMillis() * place);
  }

  private long backoffMs(int level) {
    long maxMs = options.maxBackoff().toMillis();
    return Math.min(maxMs, Math.max(1, options.quiet().toMillis()) << Math.min(level, 20));
  }

  /** How long a span must have been clean to be forgotten. */
  private long memoryMs(SpanTrack track) {
    return 2 * Math.max(options.patience().toMillis(), backoffMs(track.level));
  }

  private void settle(SpanOutcomes.Outcome outcome, long nowMs) {
    SpanTrack track = tracks.get(key(outcome.span()));
    if (track == null || track.state != SpanTrack.State.UNDER_WAY) {
      // It was under way for a schedule that is no more.
      return;
    }
    underWay--;
    switch (outcome) {
      case SpanOutcomes.Done done -> {
        meanNanos = meanNanos * 0.9 + done.tookNanos() * 0.1;
        track.state = SpanTrack.State.HANDED_OVER;
        track.handedOverMs = nowMs;
        track.throughSequence = done.throughSequence();
        track.level++;
        track.failures = 0;
      }
      case SpanOutcomes.Closed _ -> track.state = SpanTrack.State.WAITING;
      case SpanOutcomes.Postponed _ ->
          retry(track, nowMs, RETRY_MS, Math.min(MAX_RETRY_MS, options.maxBackoff().toMillis()));
      case SpanOutcomes.Failed failed -> {
        LOG.log(
            track.failures == 0 ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG,
            "rollups of "
                + failed.span()
                + " could not be computed; they are tried again, ever less often",
            failed.cause());
        retry(track, nowMs, FAILURE_MS, options.maxBackoff().toMillis());
      }
    }
  }

  private static void retry(SpanTrack track, long nowMs, long firstMs, long mostMs) {
    track.state = SpanTrack.State.WAITING;
    track.notBeforeMs = nowMs + Math.min(mostMs, firstMs << Math.min(track.failures, 20));
    track.failures++;
  }

  /** Forgets what has been clean for long enough, now and then. */
  private void prune(long nowMs) {
    if (prunedMs != Long.MIN_VALUE && nowMs - prunedMs < PRUNE_MS) {
      return;
    }
    prunedMs = nowMs;
    tracks
        .values()
        .removeIf(track ->
            track.look != look
                && track.state != SpanTrack.State.UNDER_WAY
                && (track.handedOverMs == Long.MIN_VALUE
                    || nowMs - track.handedOverMs > memoryMs(track)));
  }

  /** Returns of how many spans something is known. */
  int known() {
    return tracks.size();
  }

  private static long key(DirtySpan span) {
    long place =
        Math.floorDiv(span.startMs(), BLOCK_MS) * 2 + (span.tier() == Tier.ONE_DAY ? 1 : 0);
    return place * MAX_SHARDS + span.shard();
  }

  private static long day(DirtySpan span) {
    return Math.floorDiv(span.startMs(), Tier.ONE_DAY.windowMs()) * MAX_SHARDS + span.shard();
  }
}
