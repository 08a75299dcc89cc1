package io.tidegrid.soak;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The command: opens WebSockets at a running node of which some never read, sends samples, and
 * measures how long each takes from its request until it comes over the others, what the stalled
 * ones cost the node, and how it ends them. Exit code 0: every sample came to every client that
 * reads, within the bar, and the stalled ones were cut; 1: not so; 2: wrong usage.
 */
@Command(
    name = "streams",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures live streams of which some clients do not read.")
public final class StreamLoad implements Callable<Integer> {

  private static final String METRIC = "stream_load_value";
  private static final byte[] VALUE = "\"value\":".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DROPPED = "{\"type\":\"dropped\"".getBytes(StandardCharsets.US_ASCII);
  private static final int LABEL_BYTES = 64;
  private static final int MAX_BATCHES = 1_000_000;
  private static final double BAR_MS = 200;

  @Option(
      names = "--url",
      defaultValue = "http://127.0.0.1:8000",
      description =
          "The node, started with a short websocket.heartbeat: it cuts who did not read for three"
              + " of them; default ${DEFAULT-VALUE}.")
  private URI url;

  @Option(
      names = "--clients",
      defaultValue = "1000",
      description = "WebSockets; default ${DEFAULT-VALUE}.")
  private int clients;

  @Option(
      names = "--stalled",
      defaultValue = "100",
      description = "How many of them never read; default ${DEFAULT-VALUE}.")
  private int stalled;

  @Option(
      names = "--batches",
      defaultValue = "5",
      description = "Requests a second, each a message to each client; default ${DEFAULT-VALUE}.")
  private int batches;

  @Option(
      names = "--series",
      defaultValue = "40",
      description = "Series, each with a sample in each request; default ${DEFAULT-VALUE}.")
  private int series;

  @Option(
      names = "--seconds",
      defaultValue = "60",
      description = "How long, after 5 s that do not count; default ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(names = "--pid", description = "The node's process, for its memory; found when alone.")
  private Optional<Long> pid = Optional.empty();

  private final PrintStream out;
  private final LatencyHistogram latency = new LatencyHistogram();
  private final AtomicLongArray sentNanos = new AtomicLongArray(MAX_BATCHES);
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong counted = new AtomicLong();
  private final AtomicLong notices = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicBoolean counting = new AtomicBoolean();
  private final AtomicBoolean running = new AtomicBoolean(true);

  private StreamLoad(PrintStream out) {
    this.out = out;
  }

  /** Runs the command and ends the process. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new StreamLoad(System.out)).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    if (stalled < 0 || clients <= stalled || batches < 1 || series < 1 || seconds < 1) {
      out.println("some client has to read, and something has to be sent");
      return CommandLine.ExitCode.USAGE;
    }
    try (HttpClient http =
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
        Selector selector = Selector.open()) {
      OptionalLong process = pid.isPresent() ? OptionalLong.of(pid.get()) : OptionalLong.empty();
      return run(http, selector, new NodeFigures(http, url, process, Optional.empty()));
    }
  }

  private int run(HttpClient http, Selector selector, NodeFigures node) throws Exception {
    node.refresh();
    out.println("before:              " + memory(node));
    double cutBefore = node.meter("tidegrid_live_cut_total").orElse(0);
    double droppedBefore = node.meter("tidegrid_live_dropped_total").orElse(0);
    long began = System.nanoTime();
    List<StreamClient> silent = new ArrayList<>();
    List<StreamClient> healthy = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      boolean stalls = (long) (i + 1) * stalled / clients > (long) i * stalled / clients;
      StreamClient client = StreamClient.connect(url, METRIC, stalls);
      (stalls ? silent : healthy).add(client);
      if (!stalls) {
        client.channel().configureBlocking(false);
        client.channel().register(selector, SelectionKey.OP_READ, client);
      }
    }
    out.printf("%d WebSockets in %.1f s%n", clients, (System.nanoTime() - began) / 1e9);
    Thread reader = Thread.ofPlatform().name("streams-read").start(() -> readAll(selector));
    Thread sender = Thread.ofPlatform().name("streams-send").start(() -> sendAll(http));
    LockSupport.parkNanos(Duration.ofSeconds(5).toNanos());
    long first = sent.get();
    counting.set(true);
    Cuts cuts = watch(node, cutBefore);
    running.set(false);
    sender.join();
    long last = sent.get();
    LockSupport.parkNanos(Duration.ofSeconds(2).toNanos());
    selector.wakeup();
    reader.join();
    node.refresh();
    out.println("after:               " + memory(node));
    long behind = healthy.stream().filter(client -> client.lastBatch != last - 1).count();
    double dropped = node.meter("tidegrid_live_dropped_total").orElse(0) - droppedBefore;
    double p99 = latency.quantileMillis(0.99);
    out.printf(
        "%d requests of %d samples (%d failed), each to %d clients that read: p50 %.1f ms, p99 %.1f"
            + " ms, max %.1f ms over %d; %d clients ended behind or gone, %d notices of drops%n",
        last - first,
        series,
        failed.get(),
        healthy.size(),
        latency.quantileMillis(0.5),
        p99,
        latency.quantileMillis(1),
        counted.get(),
        behind,
        notices.get());
    out.printf(
        "%d clients that do not read: %.0f samples dropped, %.0f cut from %.0f s to %.0f s after"
            + " the first sample%n",
        silent.size(), dropped, cuts.count, cuts.firstSeconds, cuts.lastSeconds);
    ends(silent);
    ends(healthy.stream().filter(client -> !client.end().isEmpty()).toList());
    for (StreamClient client : healthy) {
      client.close();
    }
    boolean good = behind == 0 && notices.get() == 0 && cuts.count == stalled && p99 <= BAR_MS;
    out.println(good ? "as it should be" : "NOT as it should be");
    return good ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private static String memory(NodeFigures node) {
    return "heap "
        + megabytes(node.meterMegabytes("jvm_memory_used_bytes:heap"))
        + ", resident "
        + megabytes(node.residentMegabytes());
  }

  private static String megabytes(OptionalDouble value) {
    return value.isEmpty() ? "unknown" : "%.0f MiB".formatted(value.getAsDouble());
  }

  private static final class Cuts {
    private double count;
    private double firstSeconds = Double.NaN;
    private double lastSeconds = Double.NaN;
    private double maxHeap;
  }

  /** Looks once a second at how many were cut. */
  private Cuts watch(NodeFigures node, double before) throws InterruptedException {
    Cuts cuts = new Cuts();
    for (int second = 1; second <= seconds; second++) {
      LockSupport.parkNanos(1_000_000_000L);
      node.refresh();
      double now = node.meter("tidegrid_live_cut_total").orElse(before + cuts.count) - before;
      double at = (System.nanoTime() - sentNanos.get(0)) / 1e9;
      if (now > cuts.count) {
        cuts.firstSeconds = Double.isNaN(cuts.firstSeconds) ? at : cuts.firstSeconds;
        cuts.lastSeconds = at;
        cuts.count = now;
      }
      cuts.maxHeap =
          Math.max(cuts.maxHeap, node.meterMegabytes("jvm_memory_used_bytes:heap").orElse(0));
    }
    out.printf("at most:             heap %.0f MiB (with garbage)%n", cuts.maxHeap);
    return cuts;
  }

  private void ends(List<StreamClient> those) throws IOException {
    Map<String, Integer> ends = new TreeMap<>();
    for (StreamClient client : those) {
      String end = client.drain(Duration.ofMillis(200)).orElse("still open");
      ends.merge(end, 1, Integer::sum);
      client.close();
    }
    ends.forEach((end, count) -> out.println("  " + count + " x " + end));
  }

  // ---- sending

  private void sendAll(HttpClient http) {
    long start = System.nanoTime();
    StringBuilder lines = new StringBuilder();
    for (int batch = 0; running.get() && batch < MAX_BATCHES; batch++) {
      lines.setLength(0);
      String time = " " + System.currentTimeMillis() + "000000\n";
      for (int i = 0; i < series; i++) {
        lines
            .append("stream,host=")
            .append("h".repeat(LABEL_BYTES))
            .append(i)
            .append(" load_value=")
            .append(batch)
            .append(time);
      }
      sentNanos.set(batch, System.nanoTime());
      post(http, lines.toString());
      sent.set(batch + 1L);
      LockSupport.parkNanos(start + (batch + 1) * 1_000_000_000L / batches - System.nanoTime());
    }
  }

  private void post(HttpClient http, String body) {
    try {
      int status =
          http.send(
                  HttpRequest.newBuilder(url.resolve("/write"))
                      .header("Content-Type", "text/plain")
                      .timeout(Duration.ofSeconds(20))
                      .POST(BodyPublishers.ofString(body))
                      .build(),
                  BodyHandlers.discarding())
              .statusCode();
      if (status / 100 != 2) {
        failed.incrementAndGet();
      }
    } catch (IOException e) {
      failed.incrementAndGet();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- reading

  private void readAll(Selector selector) {
    try {
      while (true) {
        int ready = selector.select(1_000);
        if (ready == 0 && !running.get()) {
          return;
        }
        for (SelectionKey key : selector.selectedKeys()) {
          if (key.attachment() instanceof StreamClient client && !client.read(this::came)) {
            key.cancel();
          }
        }
        selector.selectedKeys().clear();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** All batches up to that of the last sample of the message came with it. */
  private void came(StreamClient client, byte[] bytes, int offset, int length) {
    long now = System.nanoTime();
    int at = lastValue(bytes, offset, length);
    if (at < 0) {
      if (startsWith(bytes, offset, length, DROPPED)) {
        notices.incrementAndGet();
      }
      return;
    }
    long batch = 0;
    for (int i = at; i < offset + length && bytes[i] >= '0' && bytes[i] <= '9'; i++) {
      batch = batch * 10 + bytes[i] - '0';
    }
    for (long seen = client.lastBatch + 1; seen <= batch; seen++) {
      if (counting.get()) {
        latency.add(now - sentNanos.get((int) seen));
        counted.incrementAndGet();
      }
    }
    client.lastBatch = Math.max(client.lastBatch, batch);
  }

  /** Returns where the last value of a message begins; -1 when there is none. */
  private static int lastValue(byte[] bytes, int offset, int length) {
    for (int i = offset + length - VALUE.length; i >= offset; i--) {
      if (startsWith(bytes, i, length, VALUE)) {
        return i + VALUE.length;
      }
    }
    return -1;
  }

  private static boolean startsWith(byte[] bytes, int offset, int length, byte[] start) {
    if (length < start.length) {
      return false;
    }
    for (int i = 0; i < start.length; i++) {
      if (bytes[offset + i] != start[i]) {
        return false;
      }
    }
    return true;
  }
}
