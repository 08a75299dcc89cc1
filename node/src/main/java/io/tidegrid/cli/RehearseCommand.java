package io.tidegrid.cli;

import io.tidegrid.node.LogFormat;
import io.tidegrid.node.LogLevel;
import io.tidegrid.node.NodeConfig;
import io.tidegrid.node.TidegridNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code tidegrid rehearse}: starts a node, asks it a little of everything, and stops it, so that
 * the JVM can record which classes a start needs. The launcher runs it once after a build, to make
 * the ahead-of-time cache that later starts read.
 */
@Command(
    name = "rehearse",
    hidden = true,
    description = "Start and stop a node so that the JVM can record what a start needs.")
final class RehearseCommand implements Callable<Integer> {

  private static final String SAMPLE =
      "{\"metric_name\":\"rehearsal\",\"value\":1.5,\"labels\":{\"host\":\"server1\"}}";

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @Option(names = "--data-dir", required = true, description = "An empty directory.")
  private Path dataDir;

  @Option(names = "--storage", defaultValue = "embedded")
  private String storage;

  @Override
  public Integer call() {
    giveUpAfter(PATIENCE);
    NodeConfig config =
        NodeConfig.builder()
            .set("http.port", "0")
            .set("grid.port", "0")
            .set("grid.cluster-name", "rehearsal-" + ProcessHandle.current().pid())
            .set("data-dir", dataDir.toString())
            .set("storage", storage)
            .build();
    Logging.install(LogFormat.CONSOLE, LogLevel.WARN);
    TidegridNode node = TidegridNode.start(config);
    try (HttpClient client =
        HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()) {
      for (int round = 0; round < 3; round++) {
        requests(node.httpUri()).forEach(request -> send(client, request));
      }
    }
    return node.closeCleanly() ? Main.DONE : Main.FAILED;
  }

  /** A rehearsal that hangs must not keep the node from starting that waits for it. */
  private static void giveUpAfter(Duration patience) {
    CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> Runtime.getRuntime().halt(Main.FAILED));
  }

  private static List<HttpRequest> requests(URI node) {
    return List.of(
        post(node, "/metrics/ingest", SAMPLE),
        post(node, "/api/v1/metrics/batch", "{\"metrics\":[" + SAMPLE + "]}"),
        post(node, "/write", "rehearsal,host=server1 value=2"),
        post(
            node,
            "/query",
            "{\"metric_name\":\"rehearsal\",\"start_time\":\"2026-01-01T00:00:00Z\","
                + "\"end_time\":\"2100-01-01T00:00:00Z\",\"function\":\"avg\"}"),
        get(node, "/metrics/list"),
        get(node, "/api/v1/metrics/latest/rehearsal"),
        get(node, "/health/ready"),
        get(node, "/db/status"),
        get(node, "/metrics"));
  }

  private static HttpRequest post(URI node, String path, String body) {
    return HttpRequest.newBuilder(node.resolve(path))
        .timeout(Duration.ofSeconds(5))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private static HttpRequest get(URI node, String path) {
    return HttpRequest.newBuilder(node.resolve(path)).timeout(Duration.ofSeconds(5)).build();
  }

  private static void send(HttpClient client, HttpRequest request) {
    try {
      client.send(request, java.net.http.HttpResponse.BodyHandlers.discarding());
    } catch (IOException unanswered) {
      System.getLogger(RehearseCommand.class.getName())
          .log(System.Logger.Level.WARNING, "no answer from " + request.uri() + ": " + unanswered);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
