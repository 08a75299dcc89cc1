package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of a node's live streams, on a real socket. */
final class LiveClient implements AutoCloseable, WebSocket.Listener {

  static final HttpClient HTTP = HttpClient.newHttpClient();

  /**
   * How a connection ended.
   *
   * @param code the close code; 1006 when the socket just broke
   * @param reason what was said
   */
  record End(int code, String reason) {}

  final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
  final CompletableFuture<End> end = new CompletableFuture<>();
  private final boolean reading;
  private final StringBuilder begun = new StringBuilder();
  private WebSocket socket;

  private LiveClient(boolean reading) {
    this.reading = reading;
  }

  /** Connects and reads everything. */
  static LiveClient connect(URI node, String path, String... headers) {
    return open(new LiveClient(true), node, path, headers);
  }

  /** Connects and never reads. */
  static LiveClient stalled(URI node, String path) {
    return open(new LiveClient(false), node, path);
  }

  private static LiveClient open(LiveClient client, URI node, String path, String... headers) {
    WebSocket.Builder builder = HTTP.newWebSocketBuilder().connectTimeout(Duration.ofSeconds(20));
    for (int i = 0; i < headers.length; i += 2) {
      builder.header(headers[i], headers[i + 1]);
    }
    client.socket =
        builder.buildAsync(URI.create("ws://" + node.getAuthority() + path), client).join();
    return client;
  }

  @Override
  public void onOpen(WebSocket opened) {
    if (reading) {
      opened.request(1);
    }
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    begun.append(data);
    if (last) {
      messages.add(begun.toString());
      begun.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    end.complete(new End(code, reason));
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    end.complete(new End(1006, error.toString()));
  }

  void send(String text) {
    socket.sendText(text, true).join();
  }

  /** Lets a stalled client read. */
  void read() {
    socket.request(1);
  }

  String next() {
    try {
      String message = messages.poll(10, TimeUnit.SECONDS);
      assertThat(message).as("a message within 10 s").isNotNull();
      return message;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  JsonObject nextJson() {
    return json(next());
  }

  static JsonObject json(String text) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      return reader.readObject();
    }
  }

  @Override
  public void close() {
    socket.abort();
  }
}
