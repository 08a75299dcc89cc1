package io.tidegrid.alert;

import io.tidegrid.live.AppendedSamples;
import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Nanoseconds to judge one sample of one of 10,000 series, each of which meets every rule. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class AlertEvaluationBenchmark implements SeriesTable, AlertSource.ShardSamples {

  private static final int SERIES = 10_000;
  private static final int BATCHES = 8;
  private static final long STEP_MS = 10_000;

  /** How many rules; of thresholds that values lie between, or of windows of five minutes. */
  @Param({"0", "threshold-1", "threshold-1000", "threshold-10000", "avg-1", "max-1", "p99-1"})
  public String rules;

  private final AppendedSamples[] batches = new AppendedSamples[BATCHES];
  private final List<Labels> labels = new ArrayList<>();
  private ShardEvaluator evaluator;
  private long nowMs = Bench.START;

  /** Makes the rules and the series, and prints what a series takes. */
  @Setup(Level.Trial)
  public void begin() {
    for (int i = 0; i < SERIES; i++) {
      labels.add(Bench.host("cpu", "h" + i));
    }
    RuleIndex index = new RuleIndex();
    TestRules book = new TestRules();
    book.putAll(specs(), Bench.START);
    List<RuleIndex.Change> changes = index.update(book.current());
    WindowBudget budget = new WindowBudget(Long.MAX_VALUE);
    long before = usedBytes();
    long beganNanos = System.nanoTime();
    evaluator = new ShardEvaluator(0, 1, this, index, EvaluationOptions.DEFAULT, budget);
    for (int number = 0; number < SERIES; number++) {
      SeriesWatch _ = evaluator.series(number);
    }
    long matchedNanos = System.nanoTime() - beganNanos;
    System.out.printf(
        "%n%d rules: %d bytes a series, matched in %d ms%n",
        changes.size(), (usedBytes() - before) / SERIES, matchedNanos / 1_000_000);
    SplittableRandom random = new SplittableRandom(42);
    for (int i = 0; i < BATCHES; i++) {
      int[] numbers = new int[SERIES];
      Arrays.setAll(numbers, number -> number);
      double[] values = random.doubles(SERIES, 40.1, 40.9).toArray();
      batches[i] =
          new AppendedSamples(
              0, i + 1, this, SERIES, numbers, new long[SERIES], values, new long[SERIES / 64 + 1]);
    }
    for (int i = 0; i < 40; i++) {
      judge();
    }
    System.out.printf("with %d bytes of windows a series%n", budget.bytes() / SERIES);
  }

  private List<AlertRule.Spec> specs() {
    List<AlertRule.Spec> specs = new ArrayList<>();
    if (rules.equals("0")) {
      return specs;
    }
    String kind = rules.substring(0, rules.indexOf('-'));
    int count = Integer.parseInt(rules.substring(rules.indexOf('-') + 1));
    for (int i = 0; i < count; i++) {
      String condition = kind.equals("threshold") ? "> " + (41 + i) : kind + "(5m) > " + (41 + i);
      specs.add(TestRules.spec("cpu", condition, 0));
    }
    return specs;
  }

  private static long usedBytes() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  /** Judges the next sample of each series. */
  @Benchmark
  @OperationsPerInvocation(SERIES)
  public long judge() {
    nowMs += STEP_MS;
    AppendedSamples batch = batches[(int) (nowMs / STEP_MS % BATCHES)];
    Arrays.fill(batch.times(), nowMs);
    evaluator.judge.nowMs = nowMs;
    evaluator.judge(batch);
    return evaluator.known(SERIES - 1).lastTimeMs;
  }

  @Override
  public String tenant(int number) {
    return TestRules.TENANT;
  }

  @Override
  public Labels labels(int number) {
    return labels.get(number);
  }

  @Override
  public SeriesTable table() {
    return this;
  }

  @Override
  public int size() {
    return SERIES;
  }

  @Override
  public int[] select(String tenant, List<Matcher> matchers) {
    return new int[0];
  }

  @Override
  public long throughSequence() {
    return 0;
  }

  @Override
  public long lastTimeMs(int number) {
    return Long.MIN_VALUE;
  }

  @Override
  public void copy(int number, long fromMs, long toMs, Samples into) {
    // It has no history.
  }

  @Override
  public void copyLatest(int number, long toMs, Samples into) {
    // It has no history.
  }
}
