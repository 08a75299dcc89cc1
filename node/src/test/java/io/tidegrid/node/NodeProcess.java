package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A packaged node in a process of its own, as the launcher starts it. */
final class NodeProcess implements AutoCloseable {

  static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private final Process process;
  private final int port;
  private final Path log;

  private NodeProcess(Process process, int port, Path log) {
    this.process = process;
    this.port = port;
    this.log = log;
  }

  /** Starts {@code tidegrid up} and returns when it is ready. */
  static NodeProcess up(Path directory, String... flags) {
    return upWithHeap("1g", directory, flags);
  }

  /** As {@link #up} with a heap of the given size, as {@code -Xmx} takes it. */
  static NodeProcess upWithHeap(String heap, Path directory, String... flags) {
    NodeProcess node = launch(heap, directory, flags);
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(50))
        .until(() -> {
          assertThat(node.process.isAlive()).as(node::logText).isTrue();
          return node.isReady();
        });
    return node;
  }

  /** Starts {@code tidegrid up} and returns at once. */
  static NodeProcess launch(Path directory, String... flags) {
    return launch("1g", directory, flags);
  }

  private static NodeProcess launch(String heap, Path directory, String... flags) {
    try {
      int port = freePort();
      Path target = Path.of("target").toAbsolutePath();
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      Pattern.compile("\\S+")
          .matcher(System.getProperty("tidegrid.jvm.args"))
          .results()
          .map(MatchResult::group)
          .forEach(command::add);
      command.add("-Xmx" + heap);
      // These nodes live for seconds; the second compiler would take the tests' processors from
      // them.
      command.add("-XX:TieredStopAtLevel=1");
      command.add("-cp");
      command.add(target.resolve("classes") + ":" + target.resolve("lib") + "/*");
      command.add("io.tidegrid.cli.Main");
      command.add("up");
      command.addAll(List.of("--http-port", Integer.toString(port)));
      if (!List.of(flags).contains("--grid-port")) {
        command.addAll(List.of("--grid-port", "0"));
      }
      command.addAll(List.of("--data-dir", directory.resolve("data").toString()));
      command.addAll(List.of(flags));
      Path log = directory.resolve("node-" + port + ".log");
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      return new NodeProcess(process, port, log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean isReady() {
    try {
      return get("/health/ready").statusCode() == 200;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  String logText() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Process process() {
    return process;
  }

  int port() {
    return port;
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  HttpResponse<String> get(String path, String... headers) {
    return send(HttpRequest.newBuilder(uri(path)).GET(), headers);
  }

  HttpResponse<String> post(String path, String json, String... headers) {
    return send(
        HttpRequest.newBuilder(uri(path))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json)),
        headers);
  }

  HttpResponse<String> postBytes(String path, byte[] body, String... headers) {
    return send(HttpRequest.newBuilder(uri(path)).POST(BodyPublishers.ofByteArray(body)), headers);
  }

  private static HttpResponse<String> send(HttpRequest.Builder request, String... headers) {
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    try {
      return CLIENT.send(request.timeout(Duration.ofSeconds(40)).build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  JsonObject getJson(String path, String... headers) {
    return json(get(path, headers));
  }

  static JsonObject json(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
    try (var reader = Json.createReader(new StringReader(response.body()))) {
      return reader.readObject();
    }
  }

  /** Kills it as a power cut would. */
  void kill() {
    process.destroyForcibly();
    awaitExit();
  }

  /** Asks it to stop and returns its exit code. */
  int terminate() {
    process.destroy();
    return awaitExit();
  }

  /** Waits for its end and returns its exit code. */
  int awaitExit() {
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(this::logText).isTrue();
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      terminate();
    }
  }
}
