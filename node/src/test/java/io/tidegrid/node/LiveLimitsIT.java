package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.node.LiveClient.End;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients that are too many, too slow, or not what they should be. */
class LiveLimitsIT {

  private static final String HEAD =
      String.join(
          "\r\n",
          "GET %s HTTP/1.1",
          "Host: %s",
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "");

  /** Takes path and authority. */
  static final String UPGRADE = HEAD + "Sec-WebSocket-Version: 13\r\n\r\n";

  /** Takes two more headers, each with its end of line or empty. */
  private static final String UPGRADE_WITH = HEAD + "%s%s\r\n\r\n";

  private static final int MAX_CONNECTIONS = 8;
  private static LiveNode node;

  @BeforeAll
  static void start() {
    node =
        LiveNode.start(
            Map.of(
                "websocket.max-connections",
                Integer.toString(MAX_CONNECTIONS),
                "websocket.heartbeat",
                "1s",
                "websocket.queue-messages",
                "1000",
                "websocket.max-subscriptions",
                "10",
                "http.cors-origins",
                "https://app.example"));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void aSlowClientHurtsNobodyAndIsCut() throws Exception {
    double cutBefore = node.metric("tidegrid_live_cut_total");
    try (LiveClient stalled = LiveClient.stalled(node.uri(), "/ws/metrics/flood");
        LiveClient fast = LiveClient.connect(node.uri(), "/ws/metrics/other")) {
      String batch =
          "{\"metrics\":["
              + IntStream.range(0, 2_000)
                  .mapToObj(i ->
                      "{\"name\":\"flood\",\"value\":%%d,\"labels\":{\"host\":\"h%d\",\"padding\":\"%s\"}}"
                          .formatted(i, "x".repeat(200)))
                  .collect(Collectors.joining(","))
              + "]}";
      List<Duration> delays = new ArrayList<>();
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      int round = 0;
      while (node.metric("tidegrid_live_cut_total") == cutBefore) {
        node.ingest(batch.replace("%d", Integer.toString(round)));
        node.ingest("other", "a", round);
        long sent = System.nanoTime();
        assertThat(fast.nextJson().getInt("value")).isEqualTo(round);
        delays.add(Duration.ofNanos(System.nanoTime() - sent));
        round++;
        assertThat(System.nanoTime()).as("when the client is to be cut").isLessThan(deadline);
      }
      Collections.sort(delays);
      assertThat(delays.get(delays.size() / 2)).isLessThan(Duration.ofSeconds(1));
      assertThat(node.metric("tidegrid_live_dropped_total")).isPositive();
      // When it reads at last, it finds out why, or that its socket is gone.
      stalled.read();
      End end = stalled.end.get(20, TimeUnit.SECONDS);
      assertThat(end.code()).isIn(1008, 1006);
    }
  }

  @Test
  void tooManyClientsAreRefused() {
    awaitNobody();
    LiveClient[] clients = new LiveClient[MAX_CONNECTIONS];
    for (int i = 0; i < clients.length; i++) {
      clients[i] = LiveClient.connect(node.uri(), "/ws/metrics");
    }
    assertThat(refusal("/ws/metrics"))
        .startsWith("HTTP/1.1 503 ")
        .contains("Retry-After: 1", "tg-connection-limit", "websocket.max-connections");
    clients[0].close();
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> node.metric("websocket_connections") < MAX_CONNECTIONS);
    clients[0] = LiveClient.connect(node.uri(), "/ws/metrics");
    for (LiveClient client : clients) {
      client.close();
    }
    awaitNobody();
  }

  private static void awaitNobody() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> node.metric("websocket_connections") == 0);
  }

  @Test
  void whatIsNotAWebSocketIsToldSo() {
    HttpResponse<String> plain = node.get("/ws/metrics/cpu_usage");
    assertThat(plain.statusCode()).isEqualTo(426);
    assertThat(plain.body()).contains("WebSocket");
    assertThat(refusal("/ws/metrics?tenant=no+good")).startsWith("HTTP/1.1 400 ");
    assertThat(refusal("/ws/metrics/a?matcher=nonsense")).startsWith("HTTP/1.1 422 ");
    assertThat(refusal("/ws/elsewhere")).startsWith("HTTP/1.1 404 ");
    assertThat(refusal("/ws/metrics", "Sec-WebSocket-Version: 8")).startsWith("HTTP/1.1 400 ");
  }

  @Test
  void pagesFromElsewhereAreRefused() {
    assertThat(refusal("/ws/metrics", "Origin: https://evil.example")).startsWith("HTTP/1.1 403 ");
    assertThat(refusal("/ws/metrics", "Origin: null")).startsWith("HTTP/1.1 403 ");
    for (String origin :
        new String[] {"https://app.example", "http://localhost:3000", node.uri().toString()}) {
      assertThat(refusal("/ws/metrics", "Origin: " + origin)).startsWith("HTTP/1.1 101 ");
    }
  }

  @Test
  void messagesThatMakeNoSenseAreAnswered() {
    try (LiveClient client = LiveClient.connect(node.uri(), "/ws/metrics")) {
      for (String bad :
          new String[] {
            "not json",
            "[]",
            "{}",
            "{\"type\":\"explode\"}",
            "{\"type\":\"subscribe\"}",
            "{\"type\":\"subscribe\",\"data\":{\"subscription\":\"secrets\"}}",
            "{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\",\"labels\":[1]}}",
            "{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\",\"metric_name\":{}}}",
            "[".repeat(20_000),
          }) {
        client.send(bad);
        assertThat(client.next()).startsWith("{\"type\":\"error\",\"data\":{\"code\":\"tg-");
      }
      client.send("{\"type\":\"ping\"}");
      assertThat(client.next()).isEqualTo("{\"type\":\"pong\"}");
      for (int i = 0; i < 10_000; i++) {
        client.send(
            "{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\",\"metric_name\":\"m%d\"}}"
                .formatted(i));
        assertThat(client.next()).contains(i < 10 ? "subscribed" : "websocket.max-subscriptions");
      }
    }
    try (LiveClient client = LiveClient.connect(node.uri(), "/ws/metrics/one")) {
      client.send("{\"type\":\"subscribe\",\"data\":{\"subscription\":\"metrics\"}}");
      assertThat(client.next()).contains("\"type\":\"error\"", "/ws/metrics");
    }
  }

  @Test
  void framesThatBreakTheProtocolEndTheConnection() throws IOException {
    assertThat(closeCode(0x82, masked("binary".getBytes(StandardCharsets.UTF_8)))).isEqualTo(1003);
    assertThat(closeCode(0x81, masked(new byte[] {(byte) 0xC3, 0x28}))).isEqualTo(1007);
    assertThat(closeCode(0x80, masked("astray".getBytes(StandardCharsets.UTF_8)))).isEqualTo(1002);
    assertThat(closeCode(0xC1, masked(new byte[] {1}))).isEqualTo(1002);
    assertThat(closeCode(0x83, masked(new byte[] {1}))).isEqualTo(1002);
    assertThat(closeCode(0x09, masked(new byte[] {1}))).isEqualTo(1002);
    assertThat(closeCode(0x81, new byte[] {2, 'h', 'i'})).isEqualTo(1002);
    // Announces 2^62 bytes.
    assertThat(closeCode(0x81, new byte[] {(byte) 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}))
        .isEqualTo(1009);
    assertThat(closeCode(0x01, masked(new byte[60_000]), 0x80, masked(new byte[60_000])))
        .isEqualTo(1009);
  }

  @Test
  void messagesMayComeInPieces() throws IOException {
    try (Socket socket = handshake("/ws/metrics")) {
      byte[] text = "{\"type\":\"ping\"}".getBytes(StandardCharsets.UTF_8);
      send(socket, 0x01, masked(java.util.Arrays.copyOf(text, 5)));
      send(socket, 0x89, masked(new byte[] {'?'}));
      send(socket, 0x80, masked(java.util.Arrays.copyOfRange(text, 5, text.length)));
      InputStream in = socket.getInputStream();
      assertThat(in.readNBytes(3)).containsExactly(0x8A, 1, '?');
      assertThat(in.readNBytes(2)).containsExactly(0x81, 15);
      assertThat(new String(in.readNBytes(15), StandardCharsets.UTF_8))
          .isEqualTo("{\"type\":\"pong\"}");
    }
  }

  @Test
  void aClientThatAnswersNoPingIsCut() throws IOException {
    try (Socket socket = handshake("/ws/metrics")) {
      InputStream in = socket.getInputStream();
      int pings = 0;
      int code = in.read();
      while (code == 0x89) {
        assertThat(in.read()).isZero();
        pings++;
        code = in.read();
      }
      assertThat(pings).isBetween(2, 3);
      assertThat(code).isEqualTo(0x88);
      byte[] close = in.readNBytes(in.read());
      assertThat(((close[0] & 0xFF) << 8) | (close[1] & 0xFF)).isEqualTo(1008);
      assertThat(new String(close, 2, close.length - 2, StandardCharsets.US_ASCII))
          .contains("ping");
    }
  }

  @Test
  void aNodeThatStopsSaysSo() throws Exception {
    LiveNode leaving = LiveNode.start(Map.of());
    try (LiveClient client = LiveClient.connect(leaving.uri(), "/ws/metrics");
        LiveClient stalled = LiveClient.stalled(leaving.uri(), "/ws/metrics")) {
      long start = System.nanoTime();
      leaving.close();
      assertThat(client.end.get(10, TimeUnit.SECONDS).code()).isEqualTo(1001);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
      assertThat(stalled.messages).isEmpty();
    }
  }

  // ---- by hand

  private static byte[] masked(byte[] payload) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (payload.length < 126) {
      out.write(0x80 | payload.length);
    } else {
      out.write(0x80 | 126);
      out.write(payload.length >>> 8);
      out.write(payload.length);
    }
    byte[] mask = {1, 2, 3, 4};
    out.writeBytes(mask);
    for (int i = 0; i < payload.length; i++) {
      out.write(payload[i] ^ mask[i % 4]);
    }
    return out.toByteArray();
  }

  private static void send(Socket socket, int head, byte[] rest) throws IOException {
    byte[] frame = new byte[rest.length + 1];
    frame[0] = (byte) head;
    System.arraycopy(rest, 0, frame, 1, rest.length);
    socket.getOutputStream().write(frame);
    socket.getOutputStream().flush();
  }

  private static int closeCode(int head, byte[] rest) throws IOException {
    return closeCode(head, rest, 0x8A, masked(new byte[0]));
  }

  private static int closeCode(int head, byte[] rest, int secondHead, byte[] second)
      throws IOException {
    try (Socket socket = handshake("/ws/metrics")) {
      send(socket, head, rest);
      send(socket, secondHead, second);
      InputStream in = socket.getInputStream();
      assertThat(in.read()).isEqualTo(0x88);
      byte[] close = in.readNBytes(in.read());
      assertThat(close.length).isGreaterThan(2);
      return ((close[0] & 0xFF) << 8) | (close[1] & 0xFF);
    }
  }

  private static Socket handshake(String path) throws IOException {
    Socket socket = new Socket(node.uri().getHost(), node.uri().getPort());
    socket.setSoTimeout(10_000);
    socket
        .getOutputStream()
        .write(
            UPGRADE.formatted(path, node.uri().getAuthority()).getBytes(StandardCharsets.US_ASCII));
    String head = head(socket);
    assertThat(head).startsWith("HTTP/1.1 101 ").contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    return socket;
  }

  private static String head(Socket socket) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = socket.getInputStream().read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  /** Asks for a WebSocket and returns what is answered, up to the end of a problem document. */
  private static String refusal(String path, String... headers) {
    String version =
        String.join("", headers).contains("Version") ? "" : "Sec-WebSocket-Version: 13";
    try (Socket socket = new Socket(node.uri().getHost(), node.uri().getPort())) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              UPGRADE_WITH
                  .formatted(
                      path,
                      node.uri().getAuthority(),
                      version,
                      headers.length == 0
                          ? ""
                          : (version.isEmpty() ? "" : "\r\n") + String.join("\r\n", headers))
                  .getBytes(StandardCharsets.US_ASCII));
      String head = head(socket);
      if (head.startsWith("HTTP/1.1 101") || head.startsWith("HTTP/1.1 404")) {
        return head;
      }
      return head + new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
