package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.ingest.RemoteWriteBody;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What no client should send, to a packaged node with little memory. */
class HostileInputIT {

  /** A heap of 512 MB, and what a JVM takes beside it. */
  private static final long MAX_RESIDENT_BYTES = 900L << 20;

  private static final AtomicInteger ROUNDS = new AtomicInteger();

  @TempDir static Path directory;

  private static NodeProcess node;

  @BeforeAll
  static void start() {
    node = NodeProcess.upWithHeap("512m", directory);
    node.post("/metrics/ingest", sample("theirs", 1, Instant.now()), "X-Tenant-ID", "them");
  }

  @AfterAll
  static void stop() throws IOException {
    assertThat(node.get("/metrics").body()).doesNotContain("status=\"500\"");
    assertThat(residentBytes()).isLessThan(MAX_RESIDENT_BYTES);
    assertThat(node.terminate()).as(node::logText).isZero();
    assertThat(node.logText()).doesNotContain("A bug answered", "A decoder failed", "OutOfMemory");
  }

  @AfterEach
  void theNodeGoesOnAsIfNothingHadHappened() {
    assertThat(node.get("/health/ready").statusCode()).isEqualTo(200);
    Instant time = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    double value = ROUNDS.incrementAndGet();
    assertThat(node.post("/metrics/ingest", sample("normal", value, time)).statusCode())
        .isEqualTo(201);
    assertThat(
            node.getJson("/api/metrics/normal/latest?host=a").getJsonNumber("value").doubleValue())
        .isEqualTo(value);
  }

  private static long residentBytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/" + node.process().pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElse(0);
  }

  private static String sample(String metric, double value, Instant time) {
    return sample(metric, Double.toString(value), "\"" + time + "\"", "{\"host\":\"a\"}");
  }

  private static String sample(String metric, String value, String time, String labels) {
    return "{\"metric_name\":\"%s\",\"value\":%s,\"timestamp\":%s,\"labels\":%s}"
        .formatted(metric, value, time, labels);
  }

  private static void refused(HttpResponse<String> answer, int status, String code, String word) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    JsonObject problem = Json.createReader(new StringReader(answer.body())).readObject();
    assertThat(problem.getString("code")).as(answer.body()).isEqualTo(code);
    assertThat(problem.getString("detail")).isNotBlank();
    assertThat(answer.body()).contains(word);
    assertThat(answer.body().length()).isLessThan(2_000);
  }

  static Stream<Arguments> badSamples() {
    String now = "\"" + Instant.now().truncatedTo(ChronoUnit.SECONDS) + "\"";
    String labels = "{\"host\":\"a\"}";
    String manyLabels =
        IntStream.range(0, 200)
            .mapToObj(i -> "\"l" + i + "\":\"v\"")
            .collect(Collectors.joining(",", "{", "}"));
    return Stream.of(
        Arguments.of("cpu 1", 400, "tg-not-parseable", "JSON"),
        Arguments.of("<metric/>", 400, "tg-not-parseable", "JSON"),
        Arguments.of("{\"metric_name\":", 400, "tg-not-parseable", ""),
        Arguments.of("[".repeat(1_000_000), 400, "tg-not-parseable", ""),
        Arguments.of("{}", 422, "tg-invalid-value", "metric_name"),
        Arguments.of(sample("m", "\"high\"", now, labels), 422, "tg-invalid-value", "value"),
        Arguments.of(sample("m", "null", now, labels), 422, "tg-invalid-value", "value"),
        Arguments.of(sample("m", "[1]", now, labels), 422, "tg-invalid-value", "value"),
        Arguments.of(sample("m", "true", now, labels), 422, "tg-invalid-value", "value"),
        Arguments.of(sample("m", "1", now, "\"a\""), 422, "tg-invalid-value", "labels"),
        Arguments.of(sample("m", "1", now, "{\"a\":{}}"), 422, "tg-invalid-value", "label"),
        Arguments.of(sample("m", "1", "{}", labels), 422, "tg-invalid-time", "timestamp"),
        Arguments.of(sample("m", "1", "\"noon\"", labels), 422, "tg-invalid-time", "timestamp"),
        Arguments.of(sample("", "1", now, labels), 422, "tg-invalid-value", "metric_name"),
        Arguments.of(sample("n".repeat(10_000), "1", now, labels), 422, "tg-label-limit", "512"),
        Arguments.of(
            sample("m", "1", now, "{\"" + "l".repeat(10_000) + "\":\"v\"}"),
            422,
            "tg-label-limit",
            "512"),
        Arguments.of(
            sample("m", "1", now, "{\"l\":\"" + "v".repeat(10_000) + "\"}"),
            422,
            "tg-label-limit",
            "4096"),
        Arguments.of(sample("m", "1", now, manyLabels), 422, "tg-label-limit", "64"),
        Arguments.of(sample("m", "NaN", now, labels), 422, "tg-invalid-value", "finite"),
        Arguments.of(sample("m", "Infinity", now, labels), 422, "tg-invalid-value", "value"),
        Arguments.of(sample("m", "1e999", now, labels), 422, "tg-invalid-value", "value"),
        Arguments.of(
            sample("m", "1", "\"1900-01-01T00:00:00Z\"", labels), 422, "tg-invalid-time", "1970"),
        Arguments.of(
            sample("m", "1", "\"2200-01-01T00:00:00Z\"", labels), 422, "tg-sample-too-new", ""));
  }

  @ParameterizedTest
  @MethodSource("badSamples")
  void aBadSampleIsRefused(String body, int status, String code, String word) {
    refused(node.post("/metrics/ingest", body), status, code, word);
    HttpResponse<String> batch = node.post("/api/v1/metrics/batch", "{\"metrics\":[" + body + "]}");
    assertThat(batch.statusCode()).as(batch.body()).isIn(400, 422);
    HttpResponse<String> notText =
        node.postBytes("/api/v1/write", body.getBytes(StandardCharsets.UTF_8));
    assertThat(notText.statusCode()).as(notText.body()).isIn(400, 413, 422);
    for (String path : List.of("/write", "/api/v1/import/prometheus")) {
      HttpResponse<String> answer = node.postBytes(path, body.getBytes(StandardCharsets.UTF_8));
      assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 499);
    }
  }

  static Stream<Arguments> badQueries() {
    String from = "{\"metric_name\":\"normal\",";
    return Stream.of(
        Arguments.of("SELECT 1", 400, "tg-not-parseable", ""),
        Arguments.of("{\"metric_name\":5e5}", 404, "tg-unknown-metric", ""),
        Arguments.of("{\"metric_name\":[]}", 422, "tg-invalid-value", "metric_name"),
        Arguments.of(
            "{\"metric_name\":\"" + "n".repeat(10_000) + "\"}", 422, "tg-invalid-value", "512"),
        Arguments.of(
            from + "\"start_time\":\"2025-02-01\",\"end_time\":\"2025-01-01\"}",
            422,
            "tg-invalid-range",
            "start"),
        Arguments.of(from + "\"start_time\":\"noon\"}", 422, "tg-invalid-time", "start_time"),
        Arguments.of(from + "\"function\":\"median\"}", 422, "tg-invalid-value", "median"),
        Arguments.of(
            from + "\"start_time\":0,\"interval\":\"1ms\"}", 422, "tg-invalid-value", "interval"),
        Arguments.of(
            from + "\"matchers\":[\"host=~\\\"" + "(".repeat(20_000) + "\\\"\"]}",
            422,
            "tg-invalid-value",
            ""),
        Arguments.of(
            from + "\"matchers\":[\"host=~\\\"((a{1000}){1000}){1000}\\\"\"]}",
            422,
            "tg-invalid-value",
            ""),
        Arguments.of("{\"metric_name\":\"theirs\"}", 404, "tg-unknown-metric", "theirs"));
  }

  @ParameterizedTest
  @MethodSource("badQueries")
  void aBadQueryIsRefused(String body, int status, String code, String word) {
    refused(node.post("/query", body), status, code, word);
    HttpResponse<String> answer = node.post("/api/v1/metrics/query", body);
    // The other path calls the function by another name and takes no notice of this one.
    assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 499);
  }

  @Test
  void aRegexMeantToExplodeIsAnsweredAtOnce() {
    String victim = "a".repeat(4_000) + "!";
    node.post(
        "/metrics/ingest",
        sample("regex", "1", "\"" + Instant.now() + "\"", "{\"host\":\"" + victim + "\"}"));
    for (String regex :
        List.of("(a+)+$", "(a|aa)+$", "(.*a){20}", "([a-zA-Z]+)*$", "(a?){500}a{500}")) {
      long start = System.nanoTime();
      String escaped =
          java.net.URLEncoder.encode("host=~\"" + regex + "\"", StandardCharsets.UTF_8);
      for (String path :
          List.of(
              "/query/raw?metric_name=regex&matcher=" + escaped,
              "/api/metrics/regex?start=1h&matcher=" + escaped)) {
        HttpResponse<String> answer = node.get(path);
        assertThat(answer.statusCode()).as("%s: %s", regex, answer.body()).isIn(200, 422);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    }
    String huge = java.net.URLEncoder.encode("host=~\"(x{1000}){1000}\"", StandardCharsets.UTF_8);
    refused(node.get("/api/metrics/regex?matcher=" + huge), 422, "tg-invalid-value", "expression");
  }

  @Test
  void aMetricOfAnotherTenantDoesNotExist() {
    refused(node.get("/metrics/theirs/info"), 404, "tg-unknown-metric", "theirs");
    refused(node.get("/api/metrics/theirs"), 404, "tg-unknown-metric", "theirs");
    refused(node.get("/metrics/theirs/info", "X-Tenant-ID", "../them"), 400, "tg-bad-tenant", "");
  }

  @Test
  void anUnknownPathDoesNotExist() {
    refused(node.get("/no/such/path"), 404, "tg-unknown-path", "/no/such/path");
    refused(node.get("/../../etc/passwd"), 404, "tg-unknown-path", "");
    refused(node.post("/metrics", "{}"), 405, "tg-method-not-allowed", "GET");
  }

  @Test
  void bombsDoNotGoOff() throws IOException {
    byte[] zeros = new byte[1 << 20];
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
      for (int i = 0; i < 1_024; i++) {
        out.write(zeros);
      }
    }
    for (String path :
        List.of(
            "/metrics/ingest",
            "/api/v1/metrics/batch",
            "/write",
            "/api/v1/import/prometheus",
            "/query")) {
      refused(
          node.postBytes(path, gzip.toByteArray(), "Content-Encoding", "gzip"),
          413,
          "tg-body-limit",
          "smaller");
    }
    // A snappy block that says that it holds 4 GB, one that says 1 GB, and one that repeats itself.
    for (long length : new long[] {0xFFFFFFFFL, 1L << 30}) {
      byte[] block = new RemoteWriteBody().varint(length).raw(new byte[100]).bytes();
      HttpResponse<String> answer = node.postBytes("/api/v1/write", block);
      assertThat(answer.statusCode()).as(answer.body()).isIn(400, 413);
    }
    refused(node.postBytes("/api/v1/write", snappyOfZeros(200 << 20)), 413, "tg-body-limit", "");
    byte[] body = new RemoteWriteBody().series(1, 1, "__name__", "cut", "host", "a").bytes();
    for (int cut = 1; cut < body.length; cut++) {
      HttpResponse<String> answer =
          node.postBytes("/api/v1/write", RemoteWriteBody.snappy(Arrays.copyOf(body, cut)));
      assertThat(answer.statusCode()).as("cut at %d: %s", cut, answer.body()).isIn(400, 422);
    }
  }

  /** A literal of one zero and copies of it: 64 bytes of output for three of input. */
  private static byte[] snappyOfZeros(int length) {
    RemoteWriteBody block = new RemoteWriteBody().varint(length).raw(new byte[] {0, 0});
    byte[] copy = {(byte) (63 << 2 | 2), 1, 0};
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(block.bytes());
    for (int made = 1; made < length; made += 64) {
      out.writeBytes(copy);
    }
    return out.toByteArray();
  }

  @Test
  void aBodyOfAGigabyteIsRefusedEarly() throws Exception {
    long whole = 1L << 30;
    for (String framing : List.of("Content-Length: " + whole, "Transfer-Encoding: chunked")) {
      AtomicLong sent = new AtomicLong();
      try (Socket socket = connect()) {
        OutputStream out = socket.getOutputStream();
        out.write(ascii("POST /write HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n"));
        byte[] piece = new byte[1 << 20];
        boolean chunked = framing.endsWith("chunked");
        Thread sender =
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    while (sent.get() < whole) {
                      out.write(chunked ? ascii("100000\r\n") : new byte[0]);
                      out.write(piece);
                      out.write(chunked ? ascii("\r\n") : new byte[0]);
                      sent.addAndGet(piece.length);
                    }
                  } catch (IOException e) {
                    // The node has had enough.
                  }
                });
        assertThat(line(socket)).startsWith("HTTP/1.1 413 ");
        assertThat(sender.join(Duration.ofSeconds(20))).isTrue();
      }
      if (framing.startsWith("Content-Length")) {
        // What arrives while the answer travels is read and thrown away for a second at most.
        assertThat(sent.get()).isLessThanOrEqualTo(whole);
      }
    }
  }

  private static Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.port());
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String line(Socket socket) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = socket.getInputStream().read();
        c >= 0 && c != '\n';
        c = socket.getInputStream().read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  @Test
  void aThousandSlowConnectionsHoldNobodyUp() throws IOException {
    List<Socket> slow = new ArrayList<>();
    List<String> beginnings =
        List.of(
            "",
            "GET /metr",
            "POST /write HTTP/1.1\r\nHost: a\r\nX-",
            "POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nway see",
            "POST /write HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nway");
    try {
      for (int i = 0; i < 1_000; i++) {
        Socket socket = connect();
        slow.add(socket);
        socket.getOutputStream().write(ascii(beginnings.get(i % beginnings.size())));
      }
      long start = System.nanoTime();
      for (int i = 0; i < 20; i++) {
        theNodeGoesOnAsIfNothingHadHappened();
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() ->
            node.get("/metrics")
                .body()
                .lines()
                .filter(text -> text.startsWith("tidegrid_http_connections "))
                .allMatch(text -> Double.parseDouble(text.substring(text.indexOf(' '))) < 50));
  }

  @Test
  void garbageBehindARequestIsNoRequest() throws IOException {
    String request = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    try (Socket socket = connect()) {
      socket.getOutputStream().write(ascii(request + "\u0000\u00ff\r\n\r\n" + request));
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertThat(all).startsWith("HTTP/1.1 200 ").contains("HTTP/1.1 400 ");
      assertThat(all.split("HTTP/1.1 200 ", -1)).hasSize(2);
    }
    try (Socket socket = connect()) {
      socket.getOutputStream().write(ascii(request.repeat(200)));
      for (int i = 0; i < 200; i++) {
        String line = line(socket);
        while (!line.contains("HTTP/1.1 ")) {
          line = line(socket);
        }
        assertThat(line).contains("HTTP/1.1 200 ");
      }
    }
  }
}
