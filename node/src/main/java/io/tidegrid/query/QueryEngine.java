package io.tidegrid.query;

import io.tidegrid.model.Matcher;
import java.util.List;
import java.util.Optional;

/**
 * The only door for reading samples: plans over memory and the database on all members, and merges
 * without doubles. Every method ends with {@code QUERY_TIMEOUT}, {@code QUERY_SAMPLE_LIMIT}, {@code
 * SERIES_LIMIT}, {@code CANCELLED} or {@code STORAGE_AWAY} (as {@link
 * io.tidegrid.model.TidegridException}) rather than with a part of the answer. Safe for use by many
 * threads.
 */
public interface QueryEngine {

  /**
   * Returns the matching series that have samples in the range, sorted by labels. A series that is
   * known but has no sample in the range is left out; {@link #exists} tells the two apart.
   */
  List<SeriesSamples> select(
      String tenant, List<Matcher> matchers, TimeRange range, QueryContext context);

  /**
   * Computes aggregates; none when no sample lies in the range. They come from raw samples when the
   * range is no longer than an hour, when the function is {@code stddev}, and when no stored window
   * makes up the interval; else from the coarsest windows that do (without an interval, from those
   * that {@link #sourceFor} names).
   */
  Aggregates aggregate(AggregateQuery query, QueryContext context);

  /**
   * Computes windows with all their figures. Closed windows that were not written to since they
   * were stored come from the database, all others from samples, so the answer is right at any
   * moment. In addition to what all methods do, ends with {@code INVALID_RANGE} when retention has
   * dropped everything of that range, saying what there is.
   */
  RollupResult rollups(RollupQuery query, QueryContext context);

  /**
   * Returns the resolution in which a range is best looked at: raw up to an hour, minutes up to a
   * day, hours up to seven days, days beyond; coarser where retention has dropped that at the start
   * of the range.
   */
  Source sourceFor(String tenant, TimeRange range);

  /**
   * Returns the newest sample of each matching series at or before {@code toMs}, sorted by labels.
   */
  List<SeriesSamples> latest(
      String tenant, List<Matcher> matchers, long toMs, QueryContext context);

  /** Tells whether the tenant has a series that meets all matchers. */
  boolean exists(String tenant, List<Matcher> matchers, QueryContext context);

  /**
   * Lists the tenant's metrics whose name contains {@code search}, ignoring case (empty: all),
   * sorted by name. Series are counted; last_seen comes from memory and, where that has none, is
   * {@link Long#MIN_VALUE}.
   */
  List<MetricSummary> metrics(String tenant, String search, QueryContext context);

  /** Returns what is known of a metric; empty when the tenant has no such metric. */
  Optional<MetricDetails> metric(String tenant, String metric, QueryContext context);

  /** Returns the values of a label over the matching series, sorted. No matchers: all series. */
  List<String> labelValues(
      String tenant, String label, List<Matcher> matchers, QueryContext context);
}
