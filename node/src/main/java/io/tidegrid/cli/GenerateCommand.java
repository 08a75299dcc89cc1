package io.tidegrid.cli;

import io.tidegrid.node.Durations;
import java.io.PrintWriter;
import java.net.URI;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code tidegrid generate}: sends made-up samples to a node. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Versions.class,
    description = "Send made-up samples to a node, as they happen or all at once.",
    sortOptions = false,
    footer = {
      "",
      "Each interval one sample per series; a single one goes to /metrics/ingest, several to",
      "/api/v1/metrics/batch. The same --seed and --start send the same samples again."
    })
final class GenerateCommand implements Callable<Integer> {

  /** How fast the samples are sent. */
  enum Speed {
    /** Each when its time has come. */
    REALTIME,
    /** All at once, with times that end now. */
    FAST
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--metric",
      paramLabel = "NAME",
      defaultValue = "cpu_usage",
      description = "Default: ${DEFAULT-VALUE}.")
  private String metric;

  @Option(
      names = "--pattern",
      paramLabel = "PATTERN",
      defaultValue = "sine_wave",
      converter = PatternNames.class,
      description = "sine_wave, noise, linear_trend, spike or combined. Default: ${DEFAULT-VALUE}.")
  private SamplePattern pattern;

  @Option(
      names = "--duration",
      paramLabel = "TIME",
      defaultValue = "300",
      converter = Spans.class,
      description = "Seconds, or a duration such as 5m or 2h. Default: ${DEFAULT-VALUE}.")
  private Duration duration;

  @Option(
      names = "--interval",
      paramLabel = "TIME",
      defaultValue = "5",
      converter = Spans.class,
      description = "Time between samples of a series. Default: ${DEFAULT-VALUE}.")
  private Duration interval;

  @Option(
      names = "--base-url",
      paramLabel = "URL",
      defaultValue = "http://localhost:8000",
      description = "Default: ${DEFAULT-VALUE}.")
  private URI baseUrl;

  @Option(
      names = "--labels",
      paramLabel = "NAME=VALUE,...",
      split = ",",
      description = "Labels of every series, such as host=server1,region=us-west.")
  private Map<String, String> labels = new LinkedHashMap<>();

  @Option(
      names = "--series",
      paramLabel = "N",
      defaultValue = "1",
      description = "Number of series; more than one differ by the label 'instance'. Default: 1.")
  private int series;

  @Option(names = "--tenant", paramLabel = "NAME", description = "Sent as X-Tenant-ID.")
  private String tenant;

  @Option(
      names = "--speed",
      paramLabel = "SPEED",
      defaultValue = "realtime",
      description = "realtime, or fast: all at once, with times that end now. Default: realtime.")
  private Speed speed;

  @Option(names = "--backfill", description = "Same as --speed fast.")
  private boolean backfill;

  @Option(
      names = "--start",
      paramLabel = "TIME",
      converter = Instants.class,
      description = "Time of the first sample with --speed fast, such as 2025-12-03T12:00:00Z.")
  private Instant start;

  @Option(names = "--seed", paramLabel = "N", description = "Makes the random parts repeatable.")
  private Long seed;

  @Option(names = "--base", defaultValue = "50", description = "Middle of the values. Default: 50.")
  private double base;

  @Option(
      names = "--amplitude",
      defaultValue = "20",
      description = "How far values go from there. Default: 20.")
  private double amplitude;

  @Option(
      names = "--period",
      paramLabel = "TIME",
      defaultValue = "60",
      converter = Spans.class,
      description = "Length of a wave. Default: ${DEFAULT-VALUE}.")
  private Duration period;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Most samples in a request. Default: ${DEFAULT-VALUE}.")
  private int batchSize;

  @Override
  public Integer call() throws InterruptedException {
    check();
    boolean fast = backfill || speed == Speed.FAST;
    Clock clock = Clock.systemUTC();
    Instant first =
        start != null
            ? start
            : fast ? clock.instant().minus(duration).plus(interval) : clock.instant();
    long usedSeed = seed != null ? seed : ThreadLocalRandom.current().nextLong(1_000_000);
    SampleSource source =
        new SampleSource(
            metric,
            labels,
            series,
            pattern,
            new SamplePattern.Shape(
                base, amplitude, period.toMillis() / 1000.0, duration.toMillis() / 1000.0),
            usedSeed);
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    Thread onSignal =
        new Thread(
            () -> {
              stop.countDown();
              awaitQuietly(stopped);
            },
            "generate-stop");
    Runtime.getRuntime().addShutdownHook(onSignal);
    try (SampleSender sender = new SampleSender(baseUrl, tenant, stop)) {
      GeneratorRun run =
          new GeneratorRun(
              source,
              sender,
              new GeneratorRun.Plan(first, duration, interval, fast, batchSize),
              clock,
              stop,
              spec.commandLine().getErr());
      GeneratorRun.Summary summary = run.run();
      print(summary, usedSeed);
      return summary.failed() == 0 ? Main.DONE : Main.FAILED;
    } finally {
      stopped.countDown();
      removeHook(onSignal);
    }
  }

  private void check() {
    if (interval.isZero() || interval.isNegative()) {
      throw wrong("--interval must be longer than 0");
    }
    if (duration.compareTo(interval) < 0) {
      throw wrong("--duration must be at least --interval");
    }
    if (period.isZero()) {
      throw wrong("--period must be longer than 0");
    }
    if (series < 1 || series > 1_000_000) {
      throw wrong("--series must be from 1 to 1000000");
    }
    if (batchSize < 1 || batchSize > 100_000) {
      throw wrong("--batch-size must be from 1 to 100000");
    }
    if (!Double.isFinite(base) || !Double.isFinite(amplitude)) {
      throw wrong("--base and --amplitude must be finite");
    }
    if (start != null && !backfill && speed != Speed.FAST) {
      throw wrong("--start needs --speed fast");
    }
    String scheme = baseUrl.getScheme();
    if (scheme == null || !scheme.matches("https?") || baseUrl.getHost() == null) {
      throw wrong("--base-url wants something like http://localhost:8000, not " + baseUrl);
    }
  }

  private void print(GeneratorRun.Summary summary, long usedSeed) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "sent %d  accepted %d  failed %d  in %.1f s  (%d requests, p50 %.1f ms, p99 %.1f ms, seed"
            + " %d)%n",
        summary.sent(),
        summary.accepted(),
        summary.failed(),
        summary.elapsed().toMillis() / 1000.0,
        summary.requests(),
        summary.p50Ms(),
        summary.p99Ms(),
        usedSeed);
    summary.firstError().ifPresent(error -> out.println("first failure: " + error));
    out.flush();
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException endingAlready) {
      // It is running, and was just told to end.
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes {@code sine_wave} as well as {@code sine-wave}. */
  static final class PatternNames implements ITypeConverter<SamplePattern> {
    @Override
    public SamplePattern convert(String text) {
      String name = text.strip().replace('-', '_').toUpperCase(Locale.ROOT);
      for (SamplePattern pattern : SamplePattern.values()) {
        if (pattern.name().equals(name)) {
          return pattern;
        }
      }
      throw new TypeConversionException(
          "expected sine_wave, noise, linear_trend, spike or combined, not '" + text + "'");
    }
  }

  /** Takes seconds as well as {@code 5m}. */
  static final class Spans implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      try {
        return text.strip().matches("\\d{1,9}")
            ? Duration.ofSeconds(Long.parseLong(text.strip()))
            : Durations.parse(text);
      } catch (IllegalArgumentException bad) {
        throw new TypeConversionException(
            "expected seconds or a duration such as 500ms, 5m or 2h, not '" + text + "'");
      }
    }
  }

  /** Takes RFC 3339. */
  static final class Instants implements ITypeConverter<Instant> {
    @Override
    public Instant convert(String text) {
      try {
        return java.time.OffsetDateTime.parse(text).toInstant();
      } catch (DateTimeException bad) {
        throw new TypeConversionException(
            "expected a time such as 2025-12-03T12:00:00Z, not '" + text + "'");
      }
    }
  }
}
