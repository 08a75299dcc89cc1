package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;

/** A node in this JVM, without a database, and what a sender and a reader say to it. */
final class LiveNode implements AutoCloseable {

  private final TidegridNode node;

  private LiveNode(TidegridNode node) {
    this.node = node;
  }

  /** Starts a node with these settings beside those that keep it to this test. */
  static LiveNode start(Map<String, String> settings) {
    NodeConfig.Builder config =
        NodeConfig.builder()
            .set("storage", "memory")
            .set("http.port", "0")
            .set("grid.port", "0")
            .set("grid.shards", "8")
            .set("grid.cluster-name", "live-" + System.nanoTime())
            .set("shutdown.grace", "5s");
    settings.forEach(config::set);
    return new LiveNode(TidegridNode.start(config.build()));
  }

  URI uri() {
    return node.httpUri();
  }

  TidegridNode node() {
    return node;
  }

  void ingest(String json, String... headers) {
    HttpResponse<String> answer = post("/api/v1/metrics/batch", json, headers);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }

  /** Writes a sample of {@code metric} with a host. */
  void ingest(String metric, String host, double value) {
    ingest(
        "{\"metrics\":[{\"name\":\"%s\",\"value\":%s,\"labels\":{\"host\":\"%s\"}}]}"
            .formatted(metric, value, host));
  }

  HttpResponse<String> post(String path, String body, String... headers) {
    return send(request(path, headers).POST(BodyPublishers.ofString(body)).build());
  }

  HttpResponse<String> get(String path, String... headers) {
    return send(request(path, headers).GET().build());
  }

  /** Returns the value of one of the node's own metrics. */
  double metric(String name) {
    return get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  private HttpRequest.Builder request(String path, String... headers) {
    HttpRequest.Builder builder = HttpRequest.newBuilder(uri().resolve(path));
    return headers.length == 0 ? builder : builder.headers(headers);
  }

  private static HttpResponse<String> send(HttpRequest request) {
    try {
      return LiveClient.HTTP.send(request, BodyHandlers.ofString());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    node.close();
  }
}
