package io.tidegrid.query;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;

/**
 * What one query may still use on this member: time, samples, series, answered values. Checked for
 * each series and each piece of work, never for each sample. Safe for use by many threads.
 */
final class QueryBudget {

  /** What is limited. */
  enum Limit {
    SAMPLES,
    SERIES,
    BUCKETS,
    MILLISECONDS;

    String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the limit that an error most likely speaks of; empty when of none. */
    static Optional<Limit> of(ErrorCode code) {
      if (code == ErrorCode.QUERY_SAMPLE_LIMIT) {
        return Optional.of(SAMPLES);
      }
      if (code == ErrorCode.SERIES_LIMIT) {
        return Optional.of(SERIES);
      }
      return code == ErrorCode.QUERY_TIMEOUT ? Optional.of(MILLISECONDS) : Optional.empty();
    }
  }

  private final QueryOptions options;
  private final InstantSource clock;
  private final long startMs;
  private final Duration timeout;
  private final BooleanSupplier cancelled;
  private final AtomicLong samples = new AtomicLong();
  private final AtomicLong series = new AtomicLong();
  private final AtomicLong cheap = new AtomicLong();
  private volatile long buckets;
  private volatile boolean abandoned;
  private volatile Optional<Limit> reached = Optional.empty();

  /**
   * @param timeout cut to the options' own
   * @param cancelled whether nobody waits for the answer any more
   */
  QueryBudget(
      QueryOptions options, InstantSource clock, Duration timeout, BooleanSupplier cancelled) {
    this.options = options;
    this.clock = clock;
    this.timeout = timeout.compareTo(options.timeout()) < 0 ? timeout : options.timeout();
    this.startMs = clock.millis();
    this.cancelled = cancelled;
  }

  long samples() {
    return samples.get();
  }

  long series() {
    return series.get();
  }

  long buckets() {
    return buckets;
  }

  long nowMs() {
    return clock.millis();
  }

  long elapsedMs() {
    return clock.millis() - startMs;
  }

  /** Returns the limit that ended the query; empty when none did on this member. */
  Optional<Limit> reached() {
    return reached;
  }

  /** Returns what is left of the time; zero when nothing is. */
  Duration remaining() {
    return Duration.ofMillis(Math.max(0, timeout.toMillis() - elapsedMs()));
  }

  /** Makes all threads that work for this query end at their next check. */
  void abandon() {
    abandoned = true;
  }

  /** Ends the query when its time is up or nobody waits for the answer any more. */
  void check() {
    if (abandoned || cancelled.getAsBoolean()) {
      throw new TidegridException(ErrorCode.CANCELLED, "the query was cancelled");
    }
    if (elapsedMs() >= timeout.toMillis()) {
      reached = Optional.of(Limit.MILLISECONDS);
      throw TidegridException.retryable(
          ErrorCode.QUERY_TIMEOUT,
          "the query took longer than "
              + timeout.toMillis()
              + " ms; ask for a shorter range or fewer series",
          Duration.ofSeconds(1));
    }
  }

  /** Counts samples; a negative number gives back those of a reading that was void. */
  void addSamples(long more) {
    if (samples.addAndGet(more) > options.maxSamples() && more > 0) {
      reached = Optional.of(Limit.SAMPLES);
      throw new TidegridException(
          ErrorCode.QUERY_SAMPLE_LIMIT,
          "the query reads more than "
              + options.maxSamples()
              + " samples; ask for a shorter range or fewer series");
    }
  }

  /**
   * Takes samples that are read though they need not be, because that is sooner done than to ask
   * for what was computed of them, and tells whether there were no more than {@code most} of them.
   */
  boolean takeCheap(long more, long most) {
    return cheap.addAndGet(more) <= most;
  }

  /** Counts series; a negative number gives back those of a reading that was void. */
  void addSeries(long more) {
    if (series.addAndGet(more) > options.maxSeries() && more > 0) {
      reached = Optional.of(Limit.SERIES);
      throw new TidegridException(
          ErrorCode.SERIES_LIMIT,
          "the query touches more than " + options.maxSeries() + " series; add label matchers");
    }
  }

  /** Says how many values the answer has by now. */
  void checkBuckets(long count) {
    checkRows(
        count, 1, maxRows -> "use a longer interval, a shorter range, or group by fewer labels");
  }

  /**
   * Says how many rows the answer has by now.
   *
   * @param values how many values a row counts for
   * @param advice says what to ask for instead, given how many rows there may be
   */
  void checkRows(long rows, int values, LongFunction<String> advice) {
    buckets = rows * values;
    if (rows * values > options.maxBuckets()) {
      reached = Optional.of(Limit.BUCKETS);
      long maxRows = options.maxBuckets() / values;
      throw new TidegridException(
          ErrorCode.QUERY_SAMPLE_LIMIT,
          "the answer has more than "
              + maxRows
              + (values == 1 ? " values; " : " rows; ")
              + advice.apply(maxRows));
    }
  }
}
