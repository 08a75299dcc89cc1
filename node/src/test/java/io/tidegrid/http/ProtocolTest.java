package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes over the socket below the endpoints: framing, limits, connections. */
class ProtocolTest {

  private static final long MB = 1 << 20;
  static final HttpOptions SMALL =
      new HttpOptions(
          "127.0.0.1",
          0,
          4 * MB,
          8 * MB,
          64 * MB,
          20,
          Duration.ofSeconds(2),
          Duration.ofSeconds(30),
          2_000,
          List.of("https://app.example"));

  private static TestNode node;

  @BeforeAll
  static void start() {
    node = new TestNode(SMALL);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GARBAGE\r\n\r\n",
        "GET\r\n\r\n",
        "GET / FTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET /\u0001 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\na 1",
        "POST /write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST /write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\na 1\r\n",
        "POST /write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\na 1\r\n",
      })
  void whatIsNotHttpIs400AndClosesTheConnection(String bytes) throws IOException {
    String answer = node.raw(bytes);
    assertThat(answer).startsWith("HTTP/1.1 400 ");
    assertThat(answer.toLowerCase(java.util.Locale.ROOT))
        .contains("content-type: application/problem+json")
        .contains("connection: close")
        .contains("\"code\":\"tg-not-parseable\"");
  }

  @Test
  void anOlderHttpIs505() throws IOException {
    assertThat(node.raw("GET / HTTP/1.0\r\n\r\n"))
        .startsWith("HTTP/1.1 505 ")
        .contains("tg-http-version");
  }

  @Test
  void anEndlessUrlIs414AndEndlessHeadersAre4xx() throws IOException {
    assertThat(node.raw("GET /" + "a".repeat(100_000) + " HTTP/1.1\r\nHost: a\r\n\r\n"))
        .startsWith("HTTP/1.1 414 ")
        .contains("tg-url-limit");
    assertThat(node.raw("GET / HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(100_000) + "\r\n\r\n"))
        .startsWith("HTTP/1.1 4")
        .contains("\"code\":\"tg-");
  }

  @Test
  void aHugeAnnouncedBodyIs413WithoutBeingRead() throws IOException {
    String answer =
        node.raw("POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 413 ").contains("tg-body-limit");
  }

  @Test
  void aClientThatSendsOnStillSeesThe413() {
    var answer =
        node.send(
            node.request("/write").POST(BodyPublishers.ofByteArray(new byte[16 << 20])).build());
    assertThat(answer.statusCode()).isEqualTo(413);
  }

  @Test
  void aChunkedBodyOverTheLimitIs413() {
    byte[] piece = new byte[1 << 20];
    List<byte[]> pieces = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      pieces.add(piece);
    }
    var answer =
        node.send(node.request("/write").POST(BodyPublishers.ofByteArrays(pieces)).build());
    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(answer.body()).contains("tg-body-limit");
  }

  @Test
  void oneHugeChunkIs413() throws IOException {
    assertThat(
            node.raw(
                "POST /write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\naaaa"))
        .startsWith("HTTP/1.1 413 ");
  }

  @Test
  void expectContinueIsHonoured() throws IOException {
    try (Socket socket = node.connect()) {
      socket
          .getOutputStream()
          .write(
              "POST /write HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] go = socket.getInputStream().readNBytes(25);
      assertThat(new String(go, StandardCharsets.US_ASCII)).startsWith("HTTP/1.1 100 Continue");
      socket.getOutputStream().write("a 1".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 204");
    }
    assertThat(
            node.raw(
                "POST /write HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1073741824\r\n\r\n"))
        .startsWith("HTTP/1.1 413 ");
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(plain);
    }
    return packed.toByteArray();
  }

  private int write(byte[] body, String coding) {
    return node.send(
            node.request("/api/v2/write", "Content-Encoding", coding)
                .POST(BodyPublishers.ofByteArray(body))
                .build())
        .statusCode();
  }

  @Test
  void gzipAndDeflateAreUndone() throws IOException {
    byte[] plain = "gz 1\nzz 2".getBytes(StandardCharsets.US_ASCII);
    assertThat(write(gzip(plain), "gzip")).isEqualTo(204);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflate = new DeflaterOutputStream(packed)) {
      deflate.write(plain);
    }
    assertThat(write(packed.toByteArray(), "deflate")).isEqualTo(204);
    assertThat(node.get("/api/metrics").body()).contains("\"gz\"", "\"zz\"");
  }

  @Test
  void aGzipBombIs413() throws IOException {
    assertThat(write(gzip(new byte[64 << 20]), "gzip")).isEqualTo(413);
  }

  @Test
  void truncatedGzipIs400() throws IOException {
    byte[] whole = gzip("a 1".getBytes(StandardCharsets.US_ASCII));
    assertThat(write(java.util.Arrays.copyOf(whole, whole.length - 4), "gzip")).isEqualTo(400);
  }

  @Test
  void aBodyThatDripsInIs408() throws Exception {
    try (Socket socket = node.connect()) {
      socket
          .getOutputStream()
          .write(
              "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      Thread drip =
          Thread.startVirtualThread(() -> {
            try {
              while (true) {
                socket.getOutputStream().write('a');
                java.util.concurrent.locks.LockSupport.parkNanos(100_000_000);
              }
            } catch (IOException e) {
              // The server had enough.
            }
          });
      byte[] start = socket.getInputStream().readNBytes(12);
      assertThat(new String(start, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 408");
      drip.join();
    }
  }

  @Test
  void connectionsAreKeptAliveAndPipelined() throws IOException {
    String one = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    String last = "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    String answers = node.raw(one + one + last);
    assertThat(answers.split("HTTP/1.1 200 OK", -1)).hasSize(4);
  }

  @Test
  void moreConnectionsThanAllowedAreAnswered503() throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try (TestNode full = new TestNode(SMALL)) {
      for (int i = 0; i < SMALL.maxConnections(); i++) {
        Socket socket = full.connect();
        sockets.add(socket);
        socket
            .getOutputStream()
            .write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
      assertThat(full.raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
          .startsWith("HTTP/1.1 503 ")
          .contains("tg-connection-limit")
          .contains("Retry-After: 1");
      for (Socket socket : sockets) {
        socket.close();
      }
      await()
          .untilAsserted(() ->
              assertThat(full.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                  .startsWith("HTTP/1.1 200 "));
    }
  }

  @Test
  void aQueryEndsWhenItsClientHangsUp() throws IOException {
    try (Socket socket = node.connect()) {
      socket
          .getOutputStream()
          .write(
              "GET /api/metrics/endless HTTP/1.1\r\nHost: a\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      await().until(() -> node.grid.endlessState.get().equals("asked"));
      // A client that waits in silence is not gone, however long the query takes.
      await()
          .during(Duration.ofMillis(600))
          .until(() -> node.grid.endlessState.get().equals("asked"));
    }
    await().until(() -> node.grid.endlessState.get().equals("cancelled"));
  }

  @Test
  void aLargeAnswerIsStreamedAndAHangUpWithinItHarmsNobody() throws IOException {
    StringBuilder rows = new StringBuilder("{\"metrics\":[");
    for (int i = 0; i < 30_000; i++) {
      rows.append(i == 0 ? "" : ",")
          .append("{\"name\":\"large\",\"value\":")
          .append(i)
          .append(".25,\"timestamp\":")
          .append(1_764_000_000L + i)
          .append('}');
    }
    assertThat(node.postJson("/api/v1/metrics/batch", rows.append("]}").toString()).statusCode())
        .isEqualTo(201);
    String path = "/query/raw?metric_name=large&start_time=1764000000&end_time=1764999999";
    var answer = node.get(path);
    assertThat(answer.headers().firstValue("transfer-encoding")).hasValue("chunked");
    assertThat(answer.body()).contains("\"value\":29999.25").endsWith("]}");
    try (Socket socket = node.connect()) {
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      assertThat(in.readNBytes(100)).hasSize(100);
    }
    assertThat(node.get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void corsLetsOnlyNamedOriginsIn() {
    var preflight =
        node.send(
            node.request("/query", "Origin", "https://app.example")
                .method("OPTIONS", BodyPublishers.noBody())
                .build());
    assertThat(preflight.statusCode()).isEqualTo(204);
    assertThat(preflight.headers().firstValue("access-control-allow-origin"))
        .hasValue("https://app.example");
    assertThat(preflight.headers().firstValue("access-control-allow-methods"))
        .hasValueSatisfying(methods -> assertThat(methods).contains("POST"));
    var other = node.get("/health", "Origin", "https://evil.example");
    assertThat(other.headers().firstValue("access-control-allow-origin")).isEmpty();
    var error = node.get("/nothing", "Origin", "https://app.example");
    assertThat(error.headers().firstValue("access-control-allow-origin")).isPresent();
  }
}
