package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is promised of events, on packaged nodes. */
@Timeout(180)
class EventsIT {

  private static final int BATCH = 200;
  private static final int DEVICES = 500;

  @TempDir Path directory;

  /** After any node's start: no event of a later time need be looked up in the database. */
  private final Instant start = Instant.now().plusSeconds(120);

  /** Events of a number each, of as many devices. */
  private String events(String prefix, int from, int count) {
    StringBuilder body = new StringBuilder("[");
    for (int n = from; n < from + count; n++) {
      body.append(n == from ? "" : ",")
          .append(
              ("{\"event_id\":\"%s-%d\",\"device_id\":\"d%d\",\"timeStamp\":\"%s\","
                      + "\"metrics\":{\"%s\":%d},\"tags\":[\"%s\"]}")
                  .formatted(
                      prefix, n, n % DEVICES, start.plusMillis(n), prefix, n, "x".repeat(100)));
    }
    return body.append(']').toString();
  }

  private static List<String> verdicts(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return Pattern.compile("\"status\":\"([a-z]+)\"")
        .matcher(answer.body())
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  private static HttpResponse<String> send(NodeProcess node, String events, String... headers) {
    return node.post("/v1/events/batch", events, headers);
  }

  private static double meter(NodeProcess node, String name) {
    Matcher found =
        Pattern.compile("^" + name + " (\\S+)$", Pattern.MULTILINE)
            .matcher(node.get("/metrics").body());
    assertThat(found.find()).as(name).isTrue();
    return Double.parseDouble(found.group(1));
  }

  /** Returns how many samples a metric has. */
  private long samples(NodeProcess node, String metric) {
    return node
        .getJson(
            "/v1/metrics/aggregate?metric="
                + metric
                + "&interval=1h&from_time=2h&to_time="
                + start.plusSeconds(400))
        .getJsonArray("buckets")
        .stream()
        .mapToLong(bucket -> bucket.asJsonObject().getJsonNumber("count").longValue())
        .sum();
  }

  private static void assertRefused(HttpResponse<String> answer, String code) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
    assertThat(answer.body()).contains("\"code\":\"" + code + "\"");
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
  }

  @Test
  void eventsAreTakenOnceThroughAnOutageAndARestart() throws Exception {
    try (OutageServer server = new OutageServer(directory.resolve("server"))) {
      server.create("events");
      String[] flags =
          server.flags(
              "events", "--set", "events.max-pending=1MiB", "--set", "persist.commit-timeout=2s");
      int accepted;
      try (NodeProcess node = NodeProcess.up(directory, flags)) {
        assertDurableAnswersFollowTheCommit(server, node);
        assertOneOfManySendersStores(node);
        accepted = assertTakenWhileTheDatabaseIsAway(server, node);
        assertThat(node.terminate()).as(node::logText).isZero();
      }
      assertThat(server.number("events", "SELECT count(*) FROM events WHERE metrics->>'m' <> ''"))
          .isEqualTo(accepted);
      try (NodeProcess again = NodeProcess.up(directory, flags)) {
        for (int n = 0; n < accepted; n += BATCH) {
          assertThat(verdicts(send(again, events("m", n, BATCH)))).containsOnly("duplicate");
        }
        assertThat(samples(again, "m")).isEqualTo(accepted);
        assertThat(verdicts(send(again, events("m", accepted, 1)))).containsExactly("stored");
        assertThat(samples(again, "m")).isEqualTo(accepted + 1);
      }
    }
  }

  private void assertDurableAnswersFollowTheCommit(OutageServer server, NodeProcess node) {
    String events = events("durable", 0, 10);
    for (String verdict : List.of("stored", "duplicate")) {
      assertThat(verdicts(send(node, events, "X-Tidegrid-Ack", "durable"))).containsOnly(verdict);
      assertThat(server.number("events", "SELECT count(*) FROM events")).isEqualTo(10);
      assertThat(server.number("events", "SELECT sum(cardinality(ids)) FROM recent")).isEqualTo(10);
    }
  }

  private void assertOneOfManySendersStores(NodeProcess node) throws Exception {
    String same = events("same", 0, 50);
    int[] stored = new int[50];
    try (ExecutorService pool = Executors.newFixedThreadPool(16)) {
      List<Callable<List<String>>> sends = new ArrayList<>();
      IntStream.range(0, 16).forEach(i -> sends.add(() -> verdicts(send(node, same))));
      for (Future<List<String>> answer : pool.invokeAll(sends)) {
        for (int i = 0; i < stored.length; i++) {
          stored[i] += answer.get().get(i).equals("stored") ? 1 : 0;
        }
      }
    }
    assertThat(stored).containsOnly(1);
    assertThat(samples(node, "same")).isEqualTo(50);
  }

  private int assertTakenWhileTheDatabaseIsAway(OutageServer server, NodeProcess node) {
    server.stopAtOnce();
    OutageLoad.soon()
        .until(() -> node.getJson("/db/status").getString("status").equals("disconnected"));
    int accepted = 0;
    HttpResponse<String> answer = send(node, events("m", 0, BATCH));
    while (answer.statusCode() == 200) {
      assertThat(verdicts(answer)).containsOnly("stored");
      accepted += BATCH;
      assertThat(accepted).as("the bound of the backlog").isLessThan(100_000);
      answer = send(node, events("m", accepted, BATCH));
    }
    assertRefused(answer, "tg-backlog-full");
    assertThat(accepted).isGreaterThan(2_000);
    assertThat(samples(node, "m")).isEqualTo(accepted);
    assertThat(node.get("/v1/devices/d7/events?limit=1").statusCode()).isEqualTo(503);

    server.start();
    OutageLoad.soon().until(() -> meter(node, "tidegrid_events_memory_bytes") == 0);
    assertThat(server.number("events", "SELECT count(*) FROM events WHERE metrics->>'m' <> ''"))
        .isEqualTo(accepted);
    assertThat(verdicts(send(node, events("m", accepted - BATCH, BATCH))))
        .containsOnly("duplicate");
    // What was refused left nothing behind.
    assertThat(verdicts(send(node, events("m", accepted, BATCH)))).containsOnly("stored");
    accepted += BATCH;
    assertThat(samples(node, "m")).isEqualTo(accepted);
    return accepted;
  }

  @Test
  void memoryKeepsTheNewestEventsAndAllIds() {
    try (NodeProcess node =
        NodeProcess.up(directory, "--storage", "memory", "--set", "events.memory-max=1MiB")) {
      assertThat(send(node, events("m", 0, 1), "X-Tidegrid-Ack", "durable").statusCode())
          .isEqualTo(422);
      int sent = 20_000;
      for (int n = 0; n < sent; n += 1_000) {
        assertThat(verdicts(send(node, events("m", n, 1_000)))).containsOnly("stored");
      }
      OutageLoad.soon().until(() -> meter(node, "tidegrid_events_memory_bytes") <= 1 << 20);
      assertThat(node.get("/v1/devices/d499/events?limit=1").body()).contains("m-" + (sent - 1));
      assertThat(node.get("/v1/devices/d0/events?limit=1000").body()).doesNotContain("\"m-0\"");
      assertThat(verdicts(send(node, events("m", 0, 1_000)))).containsOnly("duplicate");
      assertThat(samples(node, "m")).isEqualTo(sent);
    }
  }
}
