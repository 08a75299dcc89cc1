package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegrid.model.Alert;
import io.tidegrid.model.Labels;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Announcements of alerts as server-sent events, on real sockets. */
@Timeout(60)
class AlertStreamTest {

  private static final int MAX_STREAMS = 5;
  private static final int MAX_WAITING = 100;
  private static final String EACH =
      "{\"device_id\":\"deviceA\",\"metric\":\"temp\",\"op\":\">\",\"threshold\":32}";

  private static TestNode node;

  @BeforeAll
  static void start() {
    node =
        new TestNode(
            ProtocolTest.SMALL,
            new WebSocketOptions(
                MAX_STREAMS, Duration.ofMillis(300), MAX_WAITING, 64 << 10, 10, 4096));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @BeforeEach
  void clear() {
    node.alerts.clear();
  }

  @AfterEach
  void awaitThatAllHungUp() {
    await().atMost(Duration.ofSeconds(10)).until(() -> metric("tidegrid_sse_connections") == 0);
    assertThat(node.alerts.open()).isZero();
  }

  private static double metric(String name) {
    return node.get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + ' '))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  private static Labels temp(String device) {
    return Labels.of(Labels.METRIC_NAME, "temp", "device_id", device);
  }

  private static long ms(String time) {
    return Instant.parse(time).toEpochMilli();
  }

  private static Alert alert(String id, String severity, String host) {
    return FakeAlerts.firing(id, severity, Map.of("host", host, "device_id", "dev-" + host));
  }

  @Test
  void breachesOfADeviceAreTheLinesOfTheTelemetryApi() {
    node.postJson("/v1/alerts", EACH);
    try (SseClient client = SseClient.connect(node.base(), "/v1/alerts/stream?device_id=deviceA")) {
      assertThat(client.head().getFirst()).isEqualTo("HTTP/1.1 200 OK");
      assertThat(client.head())
          .contains(
              "Content-Type: text/event-stream",
              "Cache-Control: no-cache",
              "X-Accel-Buffering: no",
              "Transfer-Encoding: chunked");
      assertThat(client.line()).isEqualTo(": listening");

      node.alerts.breach("rule-1", temp("deviceB"), ms("2025-01-15T11:00:00Z"), 50);
      String first = node.alerts.breach("rule-1", temp("deviceA"), ms("2025-01-15T11:01:00Z"), 40);
      node.alerts.breach("rule-1", temp("deviceA"), ms("2025-01-15T11:01:00.250Z"), 40.5);
      node.alerts.breach("rule-1", Labels.of(Labels.METRIC_NAME, "temp"), 0, 41);

      assertThat(client.field()).isEqualTo("id: " + first);
      assertThat(client.field())
          .isEqualTo(
              "data: {\"device_id\":\"deviceA\",\"metrics\":{\"temp\":40},"
                  + "\"time\":\"2025-01-15 11:01:00\"}");
      assertThat(client.field()).startsWith("id: ");
      assertThat(client.field())
          .isEqualTo(
              "data: {\"device_id\":\"deviceA\",\"metrics\":{\"temp\":40.5},"
                  + "\"time\":\"2025-01-15 11:01:00.250000\"}");
    }
  }

  @Test
  void otherRulesOfDevicesAreToldWhenTheyFireAndOnesOfEachSampleNotTwice() {
    node.postJson("/v1/alerts", EACH);
    try (SseClient client = SseClient.connect(node.base(), "/v1/alerts/stream")) {
      // The alert of the rule that announces each sample: its breach says it.
      node.alerts.announce(alert("x", "high", "a"));
      node.alerts.breach("rule-1", temp("deviceA"), ms("2025-01-15T11:01:00Z"), 40);
      assertThat(client.field()).startsWith("id: ");
      assertThat(client.field()).contains("\"metrics\":{\"temp\":40}");
    }
    node.alerts.clear();
    try (SseClient client = SseClient.connect(node.base(), "/v1/alerts/stream")) {
      node.alerts.announce(FakeAlerts.firing("none", "high", Map.of("host", "a")));
      node.alerts.announce(FakeAlerts.resolved(alert("y", "high", "b"), ""));
      node.alerts.announce(alert("z", "high", "c"));
      assertThat(client.field()).startsWith("id: ");
      assertThat(client.field())
          .isEqualTo(
              "data: {\"device_id\":\"dev-c\",\"metrics\":{\"cpu\":81.5},"
                  + "\"time\":\"2025-12-03 23:59:00\"}");
    }
  }

  @Test
  void wholeAlertsAreTold() {
    try (SseClient client = SseClient.connect(node.base(), "/api/v1/alerts/stream")) {
      String first = node.alerts.announce(alert("a1", "high", "a"));
      node.alerts.breach("rule-1", temp("deviceA"), 0, 1);
      node.alerts.announce(FakeAlerts.resolved(alert("a1", "high", "a"), "ann"));

      assertThat(client.field()).isEqualTo("id: " + first);
      assertThat(client.field()).isEqualTo("event: firing");
      assertThat(client.field())
          .isEqualTo(
              "data: {\"id\":\"a1\",\"fingerprint\":\"00000000000000ab\",\"rule_id\":\"rule-1\","
                  + "\"rule_name\":\"High CPU\",\"metric_name\":\"cpu\",\"severity\":\"high\","
                  + "\"status\":\"firing\",\"condition\":\"> 80\",\"value\":81.5,\"threshold\":80,"
                  + "\"labels\":{\"device_id\":\"dev-a\",\"host\":\"a\"},"
                  + "\"annotations\":{\"description\":\"it is hot\"},"
                  + "\"starts_at\":\"2025-12-03T23:59:00Z\",\"fired_at\":\"2025-12-03T23:59:00Z\","
                  + "\"resolved_at\":null,\"resolved_by\":null,\"silenced\":false}");
      assertThat(client.field()).startsWith("id: ");
      assertThat(client.field()).isEqualTo("event: resolved");
      assertThat(client.field())
          .contains(
              "\"status\":\"resolved\"",
              "\"resolved_at\":\"2025-12-04T00:00:00Z\",\"resolved_by\":\"ann\"");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "severity=low, b",
    "rule_id=rule-1&label=host%3Dc, c",
    "matcher=host!~%22a%7Cb%22, c",
    "labels=%7B%22host%22:%22b%22%7D, b",
    "metric_name=cpu&severity=high&label=host=c, c",
    "state=resolved, a",
  })
  void onlyWhatIsAskedForIsTold(String query, String host) {
    try (SseClient client = SseClient.connect(node.base(), "/api/v1/alerts/stream?" + query)) {
      node.alerts.announce(alert("1", "high", "a"));
      node.alerts.announce(alert("2", "low", "b"));
      node.alerts.announce(alert("3", "high", "c"));
      node.alerts.announce(FakeAlerts.resolved(alert("1", "high", "a"), ""));
      client.field();
      client.field();
      assertThat(client.field()).contains("\"host\":\"" + host + '"');
    }
  }

  @Test
  void aTenantHearsItsOwn() {
    try (SseClient other = SseClient.connect(node.base(), "/api/v1/alerts/stream?tenant=other");
        SseClient mine =
            SseClient.connect(node.base(), "/api/v1/alerts/stream", "X-Tenant-ID", "default")) {
      node.alerts.announce(alert("1", "high", "a"));
      assertThat(mine.field()).startsWith("id: ");
      assertThat(other.line()).isEqualTo(": listening");
      assertThat(other.line()).isEqualTo(": heartbeat");
    }
  }

  @Test
  void wrongFiltersAreRefused() {
    for (String query : List.of("state=open", "label=host", "labels=x", "matcher=a%3D~%22(%22")) {
      assertThat(node.get("/api/v1/alerts/stream?" + query).statusCode()).isEqualTo(422);
    }
    assertThat(node.get("/v1/alerts/stream?tenant=a%2Fb").statusCode()).isEqualTo(400);
  }

  @Test
  void aClientThatComesBackGoesOnWhereItWas() {
    String first = node.alerts.announce(alert("1", "high", "a"));
    String second = node.alerts.announce(alert("2", "high", "b"));
    try (SseClient client =
        SseClient.connect(node.base(), "/api/v1/alerts/stream", "Last-Event-ID", first)) {
      assertThat(client.field()).isEqualTo("id: " + second);
    }
    try (SseClient client =
        SseClient.connect(node.base(), "/v1/alerts/stream?last_event_id=" + first)) {
      assertThat(client.field()).isEqualTo("id: " + second);
    }
    try (SseClient client =
        SseClient.connect(node.base(), "/api/v1/alerts/stream", "Last-Event-ID", "elsewhere")) {
      assertThat(client.line()).isEqualTo(": listening");
      assertThat(client.line()).isEqualTo(": some events are no longer kept and were missed");
      assertThat(client.line()).isEqualTo("event: missed");
      assertThat(client.line()).isEqualTo("data: {\"count\":null}");
    }
  }

  /** More than a queue holds comes in several turns, none of it left out. */
  @Test
  void aLongWayBackTakesSeveralTurns() {
    double cutBefore = metric("tidegrid_live_cut_total");
    String last = node.alerts.announce(alert("start", "high", "a"));
    int many = 2 * MAX_WAITING + MAX_WAITING / 2;
    for (int i = 0; i < many; i++) {
      node.alerts.announce(alert("n" + i, "high", "a"));
    }
    int read = 0;
    int turns = 0;
    while (read < many) {
      try (SseClient client =
          SseClient.connect(node.base(), "/api/v1/alerts/stream", "Last-Event-ID", last)) {
        turns++;
        String line = client.line();
        while (!line.isEmpty() && read < many) {
          if (line.startsWith("id: ")) {
            last = line.substring(4);
          } else if (line.startsWith("data: ")) {
            assertThat(line).contains("{\"id\":\"n" + read + '"');
            read++;
          } else if (line.startsWith(": cut")) {
            assertThat(line).contains("websocket.queue-messages", "last id");
          }
          line = read < many ? client.line() : "";
        }
      }
    }
    assertThat(turns).isBetween(2, 8);
    assertThat(metric("tidegrid_live_cut_total") - cutBefore).isEqualTo(turns - 1.0);
  }

  @Test
  void aClientThatReadsNothingIsCutAndHurtsNobody() {
    double cutBefore = metric("tidegrid_live_cut_total");
    try (SseClient stalled = SseClient.stalled(node.base(), "/api/v1/alerts/stream");
        SseClient other = SseClient.connect(node.base(), "/api/v1/alerts/stream")) {
      await().atMost(Duration.ofSeconds(10)).until(() -> node.alerts.open() == 2);
      String padding = "y".repeat(16_000);
      int sent = 0;
      while (node.alerts.open() == 2 && sent < 5_000) {
        long start = System.nanoTime();
        node.alerts.announce(FakeAlerts.firing("big" + sent, "high", Map.of("padding", padding)));
        sent++;
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(other.field()).startsWith("id: ");
        assertThat(other.field()).isEqualTo("event: firing");
        assertThat(other.field()).contains("\"id\":\"big" + (sent - 1) + '"');
      }
      // It is hung up on a moment after it was cut.
      await().atMost(Duration.ofSeconds(20)).until(() -> node.alerts.open() == 1);
      assertThat(metric("tidegrid_live_cut_total") - cutBefore).isEqualTo(1);
      String id = node.alerts.announce(alert("after", "high", "a"));
      assertThat(other.field()).isEqualTo("id: " + id);
      assertThat(stalled.head()).isEmpty();
    }
  }

  @Test
  void silenceIsBrokenByHeartbeatsAndAClientThatHangsUpIsNoticed() {
    try (SseClient client = SseClient.connect(node.base(), "/v1/alerts/stream")) {
      assertThat(client.line()).isEqualTo(": listening");
      assertThat(client.line()).isEqualTo(": heartbeat");
      assertThat(client.line()).isEqualTo(": heartbeat");
      assertThat(metric("tidegrid_sse_connections")).isEqualTo(1);
    }
    await().atMost(Duration.ofSeconds(5)).until(() -> node.alerts.open() == 0);
  }

  @Test
  void tooManyStreamsAreRefused() {
    double refusedBefore = metric("tidegrid_sse_refused_total");
    List<SseClient> clients =
        java.util.stream.Stream.generate(() -> SseClient.connect(node.base(), "/v1/alerts/stream"))
            .limit(MAX_STREAMS)
            .toList();
    try {
      var answer = node.get("/v1/alerts/stream");
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("retry-after")).hasValue("1");
      assertThat(answer.body()).contains("tg-connection-limit", "websocket.max-connections");
      assertThat(metric("tidegrid_sse_refused_total") - refusedBefore).isEqualTo(1);
    } finally {
      clients.forEach(SseClient::close);
    }
    await()
        .atMost(Duration.ofSeconds(5))
        .untilAsserted(() -> {
          try (SseClient again = SseClient.connect(node.base(), "/v1/alerts/stream")) {
            assertThat(again.head().getFirst()).contains("200");
          }
        });
  }

  @Test
  void pagesOfOtherOriginsAskFirst() {
    try (SseClient client =
        SseClient.connect(node.base(), "/api/v1/alerts/stream", "Origin", "https://app.example")) {
      assertThat(client.head()).contains("Access-Control-Allow-Origin: https://app.example");
    }
    try (SseClient client =
        SseClient.connect(node.base(), "/api/v1/alerts/stream", "Origin", "https://evil.example")) {
      assertThat(client.head()).noneMatch(line -> line.startsWith("Access-Control-Allow-Origin"));
    }
  }

  @Test
  void headsHaveNoBody() throws Exception {
    assertThat(node.raw("HEAD /v1/alerts/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200 OK")
        .contains("Content-Type: text/event-stream")
        .endsWith("\r\n\r\n");
    assertThat(node.post("/v1/alerts/stream", "").statusCode()).isEqualTo(405);
  }

  @Test
  void aNodeThatStopsSaysSo() {
    try (TestNode leaving = new TestNode();
        SseClient client = SseClient.connect(leaving.base(), "/v1/alerts/stream")) {
      assertThat(client.line()).isEqualTo(": listening");
      leaving.server.drain();
      assertThat(client.line()).isEqualTo(": the node is stopping; connect to another one");
      assertThat(client.line()).isEmpty();
      assertThat(leaving.get("/v1/alerts/stream").statusCode()).isEqualTo(503);
    }
  }

  /** A stream is no slow request. */
  @Test
  void streamsAreCountedWhenTheyBegin() {
    double before = requests();
    try (SseClient client = SseClient.connect(node.base(), "/api/v1/alerts/stream?severity=x")) {
      assertThat(client.line()).isEqualTo(": listening");
      assertThat(requests() - before).isEqualTo(1);
    }
    await().atMost(Duration.ofSeconds(5)).until(() -> node.alerts.open() == 0);
    assertThat(requests() - before).isEqualTo(1);
  }

  private static double requests() {
    return node.get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("http_requests_total"))
        .filter(line -> line.contains("path=\"/api/v1/alerts/stream\""))
        .filter(line -> line.contains("status=\"200\"") || line.contains("status=\"499\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
