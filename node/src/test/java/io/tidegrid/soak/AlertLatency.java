package io.tidegrid.soak;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The command: gives a node rules and a load, lets alerts fire, and measures how long each takes
 * from the moment its sample is sent until it comes over a WebSocket, over Server-Sent Events, and,
 * when the node was told of it, to a webhook. Exit code 0: every alert came everywhere, once at
 * most over the streams; 1: not so; 2: wrong usage.
 */
@Command(
    name = "alerts",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures the time from a sample to its alert, under load.")
public final class AlertLatency implements Callable<Integer> {

  private static final int METRICS = 10;
  private static final int PROBES = 1_000;
  private static final Pattern PROBE = Pattern.compile("\"probe\":\"(\\d+)\"");
  private static final long TICKS_A_SECOND = 10;

  @Option(
      names = "--url",
      defaultValue = "http://127.0.0.1:8000",
      description = "The node; default ${DEFAULT-VALUE}.")
  private URI url;

  @Option(
      names = "--rules",
      defaultValue = "1000",
      description = "Rules on the series of the load, none of them ever met; ${DEFAULT-VALUE}.")
  private int rules;

  @Option(
      names = "--series",
      defaultValue = "10000",
      description = "Series of the load; default ${DEFAULT-VALUE}.")
  private int series;

  @Option(
      names = "--rate",
      defaultValue = "100000",
      description = "Samples a second of the load; default ${DEFAULT-VALUE}.")
  private int rate;

  @Option(
      names = "--seconds",
      defaultValue = "60",
      description = "How long, after 10 s that do not count; default ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--alerts",
      defaultValue = "20",
      description = "Alerts that fire a second, one at a time; default ${DEFAULT-VALUE}.")
  private int alerts;

  @Option(
      names = "--webhook-port",
      defaultValue = "0",
      description =
          "Listen here for what the node sends to its webhook (start it with --set"
              + " alerts.webhook.url=http://127.0.0.1:PORT/); 0: do not.")
  private int webhookPort;

  private final PrintStream out;
  private final AtomicLongArray sent = new AtomicLongArray(PROBES);
  private final AtomicBoolean counting = new AtomicBoolean();
  private final AtomicLong loaded = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();

  /** One way on which alerts come. */
  private final class Way {
    private final String name;
    private final LatencyHistogram latency = new LatencyHistogram();
    private final AtomicLongArray seen = new AtomicLongArray(PROBES);
    private final AtomicLong came = new AtomicLong();
    private final AtomicLong again = new AtomicLong();

    Way(String name) {
      this.name = name;
    }

    void firing(String message) {
      long now = System.nanoTime();
      Matcher probes = PROBE.matcher(message);
      int last = -1;
      while (probes.find()) {
        int probe = Integer.parseInt(probes.group(1));
        long at = sent.get(probe);
        if (probe == last || at == 0) {
          continue;
        }
        last = probe;
        if (seen.getAndSet(probe, at) == at) {
          again.incrementAndGet();
        } else if (counting.get()) {
          came.incrementAndGet();
          latency.add(now - at);
        }
      }
    }

    void print(long expected) {
      out.printf(
          "%-10s %6d of %d alerts, p50 %.1f ms, p99 %.1f ms, max %.1f ms, %d came again%n",
          name,
          came.get(),
          expected,
          latency.quantileMillis(0.5),
          latency.quantileMillis(0.99),
          latency.quantileMillis(1),
          again.get());
    }
  }

  private AlertLatency(PrintStream out) {
    this.out = out;
  }

  /** Runs the command and ends the process. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new AlertLatency(System.out)).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    if (rules < 0 || series < METRICS || rate < series / 60 || seconds < 1 || alerts < 1) {
      out.println("--series begins at 10; each of them gets a sample a minute at least");
      return CommandLine.ExitCode.USAGE;
    }
    try (HttpClient client =
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      int code = run(client, threads);
      threads.shutdownNow();
      client.shutdownNow();
      return code;
    }
  }

  private int run(HttpClient client, ExecutorService threads) throws Exception {
    createRules(client);
    Way socket = new Way("WebSocket");
    Way events = new Way("SSE");
    Way webhook = new Way("webhook");
    listen(client, threads, socket, events);
    HttpServer server = webhookPort == 0 ? null : receive(webhook);
    AtomicBoolean running = new AtomicBoolean(true);
    var load = threads.submit(() -> load(client, running));
    probe(client, 10);
    counting.set(true);
    long before = loaded.get();
    long expected = probe(client, seconds);
    long samples = loaded.get() - before;
    LockSupport.parkNanos(Duration.ofSeconds(3).toNanos());
    running.set(false);
    load.get();
    if (server != null) {
      server.stop(0);
    }
    out.printf(
        "%d rules over %d series, %d samples/s of load, %d requests failed%n",
        rules, series, samples / seconds, failed.get());
    socket.print(expected);
    events.print(expected);
    if (server != null) {
      webhook.print(expected);
    }
    boolean whole =
        socket.came.get() == expected
            && events.came.get() == expected
            && (server == null || webhook.came.get() == expected)
            && socket.again.get() + events.again.get() == 0;
    out.println(whole ? "every alert came" : "NOT every alert came as it should");
    return whole ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  // ---- rules

  private void createRules(HttpClient client) throws IOException, InterruptedException {
    long start = System.nanoTime();
    for (int i = 0; i < rules; i++) {
      rule(
          client,
          "{\"name\":\"load %d\",\"metric_name\":\"alert_load_%d\",\"condition\":\"> 1000000\",\"severity\":\"low\",\"labels\":{\"group\":\"g%d\"}}"
              .formatted(i, i % METRICS, i / METRICS));
    }
    rule(
        client,
        "{\"name\":\"probe\",\"metric_name\":\"alert_probe\",\"condition\":\"> 0\",\"severity\":\"high\"}");
    out.printf("%d rules in %.1f s%n", rules + 1, (System.nanoTime() - start) / 1e9);
  }

  private void rule(HttpClient client, String body) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(url.resolve("/api/v1/alerts/rules"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());
    if (answer.statusCode() != 201) {
      throw new IOException("the rule was not taken: " + answer.body());
    }
  }

  // ---- the load: each series gets a sample in turn, ten requests a second

  private void load(HttpClient client, AtomicBoolean running) {
    int perTick = (int) (rate / TICKS_A_SECOND);
    int next = 0;
    long tick = 0;
    long start = System.nanoTime();
    StringBuilder lines = new StringBuilder();
    while (running.get()) {
      lines.setLength(0);
      long nowMs = System.currentTimeMillis();
      for (int i = 0; i < perTick; i++) {
        int number = next++ % series;
        lines
            .append("alert,group=g")
            .append(number / 100)
            .append(",host=h")
            .append(number / METRICS)
            .append(" load_")
            .append(number % METRICS)
            .append('=')
            .append(number % 1_000 + tick % 100 / 100.0)
            .append(' ')
            .append(nowMs)
            .append("000000\n");
      }
      post(client, "/write", lines.toString());
      loaded.addAndGet(perTick);
      tick++;
      LockSupport.parkNanos(start + tick * 1_000_000_000L / TICKS_A_SECOND - System.nanoTime());
    }
  }

  private void post(HttpClient client, String path, String body) {
    try {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(url.resolve(path))
                  .header("Content-Type", "text/plain")
                  .timeout(Duration.ofSeconds(20))
                  .POST(BodyPublishers.ofString(body))
                  .build(),
              BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        failed.incrementAndGet();
      }
    } catch (IOException e) {
      failed.incrementAndGet();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the probes: one fires, another that fired half a round ago is resolved

  private long probe(HttpClient client, int forSeconds) {
    long start = System.nanoTime();
    int count = forSeconds * alerts;
    for (int i = 0; i < count; i++) {
      int probe = (int) (sequence++ % PROBES);
      int other = (int) ((sequence + PROBES / 2) % PROBES);
      var _ =
          Thread.startVirtualThread(() -> {
            sent.set(probe, System.nanoTime());
            post(client, "/write", "alert,probe=" + probe + " probe=1 " + nowNanos());
            if (sent.get(other) != 0) {
              post(client, "/write", "alert,probe=" + other + " probe=0 " + nowNanos());
            }
          });
      LockSupport.parkNanos(start + (i + 1) * 1_000_000_000L / alerts - System.nanoTime());
    }
    return count;
  }

  private long sequence;

  private static String nowNanos() {
    return System.currentTimeMillis() + "000000";
  }

  // ---- the ways

  private void listen(HttpClient client, ExecutorService threads, Way socket, Way events)
      throws Exception {
    WebSocket opened =
        client
            .newWebSocketBuilder()
            .buildAsync(
                URI.create("ws" + url.toString().substring("http".length())).resolve("/ws/metrics"),
                new WebSocket.Listener() {
                  private final StringBuilder whole = new StringBuilder();

                  @Override
                  public CompletionStage<?> onText(WebSocket ws, CharSequence part, boolean last) {
                    whole.append(part);
                    if (last) {
                      String message = whole.toString();
                      whole.setLength(0);
                      if (message.contains("\"firing\"")) {
                        socket.firing(message);
                      }
                    }
                    ws.request(1);
                    return null;
                  }
                })
            .get();
    opened.sendText("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"alerts\"}}", true).get();
    HttpResponse<java.util.stream.Stream<String>> stream =
        client.send(
            HttpRequest.newBuilder(url.resolve("/api/v1/alerts/stream")).build(),
            BodyHandlers.ofLines());
    if (stream.statusCode() != 200) {
      throw new IOException("no stream of alerts: " + stream.statusCode());
    }
    var ignored =
        threads.submit(() ->
            stream
                .body()
                .filter(line -> line.startsWith("data:") && line.contains("\"firing\""))
                .forEach(events::firing));
  }

  private HttpServer receive(Way webhook) throws IOException {
    HttpServer server =
        HttpServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), webhookPort), 100);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
          for (String alert : body.split("\\},\\{\"status\":", -1)) {
            if (alert.contains("firing")) {
              webhook.firing(alert);
            }
          }
        });
    server.start();
    return server;
  }
}
