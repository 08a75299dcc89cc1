package io.tidegrid.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Sends what a source makes, at the pace of a plan, and keeps the score. Used by one thread. */
final class GeneratorRun {

  private static final Duration PROGRESS_ON_TERMINAL = Duration.ofMillis(200);
  private static final Duration PROGRESS_IN_LOG = Duration.ofSeconds(10);

  /**
   * What is to be sent.
   *
   * @param start the time of the first sample
   * @param duration the time all of them cover, the interval after the last included
   * @param fast whether to send all at once instead of each at its time
   * @param batchSize most samples in a request
   */
  record Plan(Instant start, Duration duration, Duration interval, boolean fast, int batchSize) {

    long ticks() {
      return duration.toMillis() / interval.toMillis();
    }
  }

  /**
   * What became of it. Latencies are 0 when nothing was sent.
   *
   * @param firstError the reason of the first failure
   */
  record Summary(
      long sent,
      long accepted,
      long requests,
      Duration elapsed,
      double p50Ms,
      double p99Ms,
      Optional<String> firstError) {

    /** Returns the samples that were not accepted. */
    long failed() {
      return sent - accepted;
    }
  }

  private final SampleSource source;
  private final SampleSender sender;
  private final Plan plan;
  private final Clock clock;
  private final CountDownLatch stop;
  private final PrintWriter err;
  private final boolean terminal;

  private final List<SampleSource.Sample> waiting = new ArrayList<>();
  private long[] latencies = new long[1024];
  private int requests;
  private long sent;
  private long accepted;
  private Optional<String> firstError = Optional.empty();
  private Instant lastProgress = Instant.EPOCH;

  GeneratorRun(
      SampleSource source,
      SampleSender sender,
      Plan plan,
      Clock clock,
      CountDownLatch stop,
      PrintWriter err) {
    this.source = source;
    this.sender = sender;
    this.plan = plan;
    this.clock = clock;
    this.stop = stop;
    this.err = err;
    this.terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }

  /** Sends everything; ends early, in good order, when told to stop. */
  Summary run() throws InterruptedException {
    Instant begin = clock.instant();
    lastProgress = begin;
    for (long tick = 0; tick < plan.ticks(); tick++) {
      Instant time = plan.start().plusMillis(tick * plan.interval().toMillis());
      if (waitUntil(time)) {
        break;
      }
      for (SampleSource.Sample sample : source.next(plan.start(), time)) {
        waiting.add(sample);
        if (waiting.size() >= plan.batchSize()) {
          flush();
        }
      }
      if (!plan.fast()) {
        flush();
      }
      progress(tick + 1);
    }
    flush();
    if (terminal) {
      err.print("\r\u001b[K");
      err.flush();
    }
    return summary(Duration.between(begin, clock.instant()));
  }

  /** Returns whether to stop. */
  private boolean waitUntil(Instant time) throws InterruptedException {
    long millis = plan.fast() ? 0 : Duration.between(clock.instant(), time).toMillis();
    return stop.await(Math.max(0, millis), TimeUnit.MILLISECONDS);
  }

  private void flush() throws InterruptedException {
    if (waiting.isEmpty()) {
      return;
    }
    long before = System.nanoTime();
    SampleSender.Outcome outcome = sender.send(List.copyOf(waiting));
    if (requests == latencies.length) {
      latencies = Arrays.copyOf(latencies, requests * 2);
    }
    latencies[requests++] = System.nanoTime() - before;
    sent += waiting.size();
    accepted += outcome.accepted();
    firstError = firstError.or(outcome::error);
    waiting.clear();
  }

  private void progress(long ticks) {
    Instant now = clock.instant();
    Duration every = terminal ? PROGRESS_ON_TERMINAL : PROGRESS_IN_LOG;
    if (Duration.between(lastProgress, now).compareTo(every) < 0) {
      return;
    }
    lastProgress = now;
    String line =
        String.format(
            Locale.ROOT,
            "%3d %%  sent %d  accepted %d  failed %d",
            100 * ticks / plan.ticks(),
            sent,
            accepted,
            sent - accepted);
    err.print(terminal ? "\r" + line + "\u001b[K" : line + System.lineSeparator());
    err.flush();
  }

  private Summary summary(Duration elapsed) {
    long[] sorted = Arrays.copyOf(latencies, requests);
    Arrays.sort(sorted);
    return new Summary(
        sent,
        accepted,
        requests,
        elapsed,
        percentile(sorted, 50),
        percentile(sorted, 99),
        firstError);
  }

  /** Returns the nearest-rank percentile in milliseconds. */
  private static double percentile(long[] sorted, int percent) {
    if (sorted.length == 0) {
      return 0;
    }
    int rank = (int) Math.ceil(percent / 100.0 * sorted.length);
    return sorted[Math.max(0, rank - 1)] / 1e6;
  }
}
