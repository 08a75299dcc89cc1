package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegrid.model.Alert;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Announcements of alerts over WebSockets. */
@Timeout(60)
class AlertSocketTest {

  private static TestNode node;
  private static HttpClient http;

  @BeforeAll
  static void start() {
    node =
        new TestNode(
            ProtocolTest.SMALL,
            new WebSocketOptions(10, Duration.ofMillis(400), 100, 64 << 10, 3, 4096));
    http = HttpClient.newHttpClient();
  }

  @AfterAll
  static void stop() {
    http.close();
    node.close();
  }

  @BeforeEach
  void clear() {
    node.alerts.clear();
    await().atMost(Duration.ofSeconds(10)).until(() -> node.alerts.open() == 0);
  }

  private static Alert alert(String id, String severity, String host) {
    return FakeAlerts.firing(id, severity, Map.of("host", host));
  }

  /** Keeps what is received. */
  private static final class Client implements WebSocket.Listener, AutoCloseable {

    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private final StringBuilder begun = new StringBuilder();
    private final boolean reading;
    private final WebSocket socket;

    Client(String path, boolean reading) {
      this.reading = reading;
      this.socket =
          http.newWebSocketBuilder()
              .buildAsync(URI.create("ws://" + node.base().getAuthority() + path), this)
              .join();
    }

    void subscribe(String members) {
      send("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"alerts\"" + members + "}}");
    }

    void send(String message) {
      socket.sendText(message, true).join();
    }

    String next() {
      try {
        String message = messages.poll(10, TimeUnit.SECONDS);
        assertThat(message).isNotNull();
        return message;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
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
      end.complete(code + " " + reason);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      end.complete("1006 " + error);
    }

    @Override
    public void close() {
      socket.abort();
    }
  }

  @Test
  void alertsAreSentAsTheyAreShown() {
    try (Client client = new Client("/ws/metrics", true)) {
      node.alerts.announce(alert("unheard", "high", "a"));
      client.subscribe("");
      assertThat(client.next())
          .isEqualTo("{\"type\":\"subscribed\",\"data\":{\"subscription\":\"alerts\"}}");
      Alert firing = alert("a1", "high", "a");
      node.alerts.current.add(firing);
      node.alerts.announce(firing);
      String shown = node.get("/api/v1/alerts/active").body();
      assertThat(client.next())
          .isEqualTo(
              "{\"type\":\"alert\",\"data\":"
                  + shown.substring("{\"alerts\":[".length(), shown.indexOf("],\"total\""))
                  + '}');
      node.alerts.announce(FakeAlerts.resolved(firing, ""));
      assertThat(client.next()).contains("\"id\":\"a1\"", "\"status\":\"resolved\"");
    }
  }

  @Test
  void onlyWhatIsAskedForIsSentOnce() {
    try (Client client = new Client("/ws/metrics", true)) {
      client.subscribe(",\"severity\":\"high\",\"labels\":{\"host\":\"a\"}");
      assertThat(client.next())
          .isEqualTo(
              "{\"type\":\"subscribed\",\"data\":{\"subscription\":\"alerts\","
                  + "\"labels\":{\"host\":\"a\"},\"severity\":\"high\"}}");
      client.subscribe(",\"metric_name\":\"cpu\",\"labels\":{\"host\":\"a\"}");
      assertThat(client.next()).contains("\"metric_name\":\"cpu\"");
      client.subscribe(",\"metric_name\":\"memory\"");
      client.next();
      node.alerts.announce(alert("1", "high", "a"));
      node.alerts.announce(alert("2", "high", "b"));
      node.alerts.announce(alert("3", "low", "a"));
      assertThat(client.next()).contains("\"id\":\"1\"");
      assertThat(client.next()).contains("\"id\":\"3\"");

      client.subscribe(",\"severity\":\"one too many\"");
      assertThat(client.next()).contains("\"type\":\"error\"", "websocket.max-subscriptions");
      client.send("{\"type\":\"unsubscribe\",\"data\":{\"subscription\":\"alerts\"}}");
      assertThat(client.next()).contains("\"type\":\"unsubscribed\"");
      await().atMost(Duration.ofSeconds(5)).until(() -> node.alerts.open() == 0);
      assertThat(client.messages).isEmpty();
    }
  }

  @Test
  void wrongFiltersAreAnswered() {
    try (Client client = new Client("/ws/metrics", true)) {
      client.subscribe(",\"severity\":5");
      assertThat(client.next()).contains("\"type\":\"error\"", "severity must be a string");
      client.send(
          "{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\",\"severity\":\"x\"}}");
      assertThat(client.next()).contains("\"type\":\"error\"", "samples have no severity");
    }
  }

  @Test
  void noTenantHearsAnothers() {
    try (Client other = new Client("/ws/metrics?tenant=other", true);
        Client mine = new Client("/ws/metrics", true)) {
      other.subscribe("");
      mine.subscribe("");
      other.next();
      mine.next();
      node.alerts.announce(alert("1", "high", "a"));
      assertThat(mine.next()).contains("\"id\":\"1\"");
      assertThat(other.messages).isEmpty();
    }
  }

  @Test
  void aClientThatDoesNotReadIsCutAndLosesNothingSilently() throws Exception {
    double cutBefore = cut();
    try (Client stalled = new Client("/ws/metrics", false);
        Client other = new Client("/ws/metrics", true)) {
      stalled.subscribe("");
      other.subscribe("");
      other.next();
      await().atMost(Duration.ofSeconds(5)).until(() -> node.alerts.open() == 2);
      String padding = "y".repeat(16_000);
      int sent = 0;
      while (node.alerts.open() == 2 && sent < 5_000) {
        node.alerts.announce(FakeAlerts.firing("big" + sent, "high", Map.of("padding", padding)));
        assertThat(other.next()).contains("\"id\":\"big" + sent + '"');
        sent++;
      }
      // It is hung up on a moment after it was cut.
      await().atMost(Duration.ofSeconds(20)).until(() -> node.alerts.open() == 1);
      assertThat(cut() - cutBefore).isEqualTo(1);
      // What it reads after all is whole up to the end.
      stalled.socket.request(1);
      assertThat(stalled.end.get(20, TimeUnit.SECONDS)).isNotEmpty();
      int read = 0;
      for (String message : stalled.messages) {
        if (message.contains("\"type\":\"alert\"")) {
          assertThat(message).contains("\"id\":\"big" + read++ + '"');
        }
      }
    }
  }

  private static double cut() {
    String name = "tidegrid_live_cut_total ";
    return node.get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .sum();
  }
}
