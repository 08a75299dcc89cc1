package io.tidegrid.soak;

import io.tidegrid.soak.SoakTable.Kind;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The command: loads a node, asks it every second, prints every minute. Its own memory does not
 * grow with the run. Exit code 0: everything acknowledged was read back right and all judged
 * figures stayed flat; 1: not so; 2: wrong usage.
 */
@Command(
    name = "soak",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Sends remote-write at a constant rate with live times, reads it back, and prints a row of"
            + " figures a minute.")
public final class Soak implements Callable<Integer> {

  private static final int SLOTS_PER_CHECK = 20;

  /** Steps that a check of an older time covers: five minutes. */
  private static final int OLD_STEPS = 30;

  @Option(
      names = "--url",
      defaultValue = "http://127.0.0.1:8000",
      description = "The node; default ${DEFAULT-VALUE}.")
  private URI url;

  @Option(
      names = "--rate",
      defaultValue = "100000",
      description = "Samples a second, of ten times as many series; default ${DEFAULT-VALUE}.")
  private int rate;

  @Option(
      names = "--churn",
      defaultValue = "1",
      description = "Percentage of the series replaced each minute; default ${DEFAULT-VALUE}.")
  private double churn;

  @Option(
      names = "--minutes",
      defaultValue = "60",
      description = "How long; default ${DEFAULT-VALUE}.")
  private int minutes;

  @Option(
      names = "--batch",
      defaultValue = "2000",
      description = "Samples a request; default ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--connections",
      defaultValue = "2",
      description = "Requests at one time; default ${DEFAULT-VALUE}.")
  private int connections;

  @Option(
      names = "--pid",
      description = "Process of the node, for its memory; found when only one runs here.")
  private Long pid;

  @Option(
      names = "--data-dir",
      description = "The node's data directory, for its PostgreSQL's processor time and disk.")
  private Path dataDirectory;

  @Option(names = "--tsv", description = "Print tab-separated rows instead of Markdown.")
  private boolean tabs;

  private final PrintStream out;
  private final SplittableRandom random = new SplittableRandom(1);
  private LatencyHistogram latestOfMinute = new LatencyHistogram();
  private LatencyHistogram hourOfMinute = new LatencyHistogram();
  private long queryErrors;
  private OptionalDouble nodeCpu = OptionalDouble.empty();
  private OptionalDouble postgresCpu = OptionalDouble.empty();

  private Soak(PrintStream out) {
    this.out = out;
  }

  /** Runs the command and ends the process. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Soak(System.out)).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rate < 1 || batch < 1 || minutes < 1 || connections < 1 || churn < 0 || churn > 100) {
      out.println("--rate, --batch, --minutes and --connections begin at 1, --churn is 0 to 100");
      return CommandLine.ExitCode.USAGE;
    }
    try (HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build()) {
      return run(client);
    }
  }

  private int run(HttpClient client) throws IOException, InterruptedException {
    SoakPlan plan =
        new SoakPlan(System.currentTimeMillis() + 1_000, rate, churn, Math.min(batch, rate * 10));
    SoakSender sender =
        new SoakSender(plan, client, url, connections, Duration.ofMinutes(minutes).toMillis());
    SoakCheck check = new SoakCheck(plan, client, url);
    OptionalLong process = pid == null ? OptionalLong.empty() : OptionalLong.of(pid);
    NodeFigures figures = new NodeFigures(client, url, process, Optional.ofNullable(dataDirectory));
    SoakTable table = new SoakTable(out, tabs);
    out.printf(
        "%d samples/s of %d series to %s for %d min, %s %% of the series new each minute, from"
            + " %s%n%n",
        rate, plan.slots(), url, minutes, churn, Instant.ofEpochMilli(plan.startMs()));
    nodeCpu = figures.nodeCpuSeconds();
    postgresCpu = figures.postgresCpuSeconds();
    sender.start();
    long checkedSteps = 0;
    for (int minute = 1; minute <= minutes; minute++) {
      probeUntil(client, plan, plan.startMs() + minute * 60_000L);
      long steps = sender.acknowledgedBefore() / plan.batchesPerStep() - 1;
      check.compare(SLOTS_PER_CHECK, checkedSteps, steps);
      if (checkedSteps > OLD_STEPS) {
        long from = random.nextLong(checkedSteps - OLD_STEPS);
        check.compare(SLOTS_PER_CHECK / 4, from, from + OLD_STEPS);
      }
      checkedSteps = Math.max(checkedSteps, steps);
      fill(table, minute, sender, check, figures);
      table.endRow();
    }
    sender.join();
    check.compare(
        SLOTS_PER_CHECK, checkedSteps, sender.acknowledgedBefore() / plan.batchesPerStep());
    return conclude(sender, check, table);
  }

  /** Asks once a second, so that a slow answer is not followed by fewer questions for long. */
  private void probeUntil(HttpClient client, SoakPlan plan, long untilMs)
      throws InterruptedException {
    for (long now = System.currentTimeMillis(); now < untilMs; now = System.currentTimeMillis()) {
      int slot = random.nextInt(plan.slots());
      String labels = "{\"slot\":\"" + slot + "\"}";
      if (now > plan.startMs() + 2L * SoakPlan.STEP_MS) {
        ask(
            client,
            "/api/v1/metrics/latest/" + plan.metric(slot) + "?slot=" + slot,
            latestOfMinute);
        ask(
            client,
            "/query/raw?metric_name="
                + plan.metric(slot)
                + "&start_time="
                + Instant.ofEpochMilli(now - 3_600_000)
                + "&labels="
                + URLEncoder.encode(labels, StandardCharsets.UTF_8),
            hourOfMinute);
      }
      long left = Math.min(untilMs, now + 1_000) - System.currentTimeMillis();
      LockSupport.parkNanos(Math.max(0, left) * 1_000_000);
    }
  }

  private void ask(HttpClient client, String path, LatencyHistogram histogram)
      throws InterruptedException {
    long begin = System.nanoTime();
    try {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(url.resolve(path)).timeout(Duration.ofSeconds(30)).build(),
              BodyHandlers.ofString());
      if (response.statusCode() == 200) {
        histogram.add(System.nanoTime() - begin);
        return;
      }
    } catch (IOException e) {
      // Counted below; the sender's errors say more.
    }
    queryErrors++;
  }

  private void fill(
      SoakTable table, int minute, SoakSender sender, SoakCheck check, NodeFigures figures)
      throws IOException, InterruptedException {
    SoakSender.Minute sent = sender.takeMinute();
    figures.refresh();
    table.put("min", Kind.SHOWN, minute);
    table.put("samples", Kind.SHOWN, sent.samples.get());
    table.put("behind ms", Kind.SHOWN, sent.behindMs.get());
    table.put("retries", Kind.SHOWN, sent.retries.get());
    table.put("write p50 ms", Kind.FLAT, sent.latency.quantileMillis(0.5));
    table.put("write p99 ms", Kind.FLAT, sent.latency.quantileMillis(0.99));
    table.put("latest p50 ms", Kind.FLAT, latestOfMinute.quantileMillis(0.5));
    table.put("latest p99 ms", Kind.FLAT, latestOfMinute.quantileMillis(0.99));
    table.put("raw 1h p50 ms", Kind.FLAT, hourOfMinute.quantileMillis(0.5));
    table.put("raw 1h p99 ms", Kind.FLAT, hourOfMinute.quantileMillis(0.99));
    table.put("query errors", Kind.SHOWN, queryErrors);
    table.put("RSS MB", Kind.FLAT, figures.residentMegabytes());
    table.put("heap MB", Kind.SHOWN, figures.meterMegabytes("jvm_memory_used_bytes:heap"));
    table.put("store MB", Kind.SHOWN, figures.meterMegabytes("tidegrid_store_bytes"));
    table.put("store samples", Kind.SHOWN, figures.meter("tidegrid_store_samples"));
    table.put("series", Kind.SHOWN, figures.meter("tidegrid_store_series"));
    table.put("blocks open", Kind.SHOWN, figures.meter("tidegrid_blocks_open"));
    table.put("blocks sealed", Kind.SHOWN, figures.meter("tidegrid_blocks_sealed"));
    table.put("pending MB", Kind.FLAT, figures.meterMegabytes("tidegrid_persist_pending_bytes"));
    table.put("pending s", Kind.FLAT, figures.meter("tidegrid_persist_pending_age_seconds"));
    OptionalDouble nodeNow = figures.nodeCpuSeconds();
    OptionalDouble postgresNow = figures.postgresCpuSeconds();
    table.put("node CPU s", Kind.FLAT, difference(nodeNow, nodeCpu));
    table.put("PG CPU s", Kind.FLAT, difference(postgresNow, postgresCpu));
    nodeCpu = nodeNow;
    postgresCpu = postgresNow;
    table.put("data MB", Kind.SHOWN, figures.dataMegabytes());
    table.put("log MB", Kind.SHOWN, figures.logMegabytes());
    table.put("read back", Kind.SHOWN, check.good());
    table.put("missing", Kind.SHOWN, check.missing());
    table.put("wrong", Kind.SHOWN, check.wrong());
    latestOfMinute = new LatencyHistogram();
    hourOfMinute = new LatencyHistogram();
  }

  private static OptionalDouble difference(OptionalDouble now, OptionalDouble before) {
    return now.isPresent() && before.isPresent()
        ? OptionalDouble.of(now.getAsDouble() - before.getAsDouble())
        : OptionalDouble.empty();
  }

  private int conclude(SoakSender sender, SoakCheck check, SoakTable table) {
    SoakTable.Verdict verdict = table.summarize();
    boolean right = check.missing() == 0 && check.wrong() == 0 && check.failed() == 0;
    out.printf(
        "%nread back: %d samples right, %d missing, %d wrong, %d queries failed; probes failed:"
            + " %d%n",
        check.good(), check.missing(), check.wrong(), check.failed(), queryErrors);
    if (!check.firstFault().isEmpty()) {
      out.println("first fault: " + check.firstFault());
    }
    if (!sender.lastError().isEmpty()) {
      out.println("last refused write: " + sender.lastError());
    }
    out.println((right ? "all as sent, " : "NOT all as sent, ") + verdict.text);
    return right && verdict != SoakTable.Verdict.GROWN
        ? CommandLine.ExitCode.OK
        : CommandLine.ExitCode.SOFTWARE;
  }
}
