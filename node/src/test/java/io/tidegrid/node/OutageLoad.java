package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/**
 * Writers that go on whatever happens, and somebody who keeps asking all that must be answered
 * during an outage, and notes what was not or took too long.
 */
final class OutageLoad implements AutoCloseable {

  /** No request may hang on a database that hangs: detection, and room for a busy machine. */
  private static final long LONGEST_ANSWER_MS = 4_500;

  private static final Pattern FIGURES =
      Pattern.compile("\"(heap_used_bytes|pendingBytes|pendingSamples|oldestMs)\":(\\d+)");

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final NodeProcess node;
  private final List<SampleWriter> writers = new ArrayList<>();
  private final List<Thread> askers = new ArrayList<>();
  private final Map<String, Long> longestMs = new ConcurrentHashMap<>();
  private final Map<String, Long> largest = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<String> complaints = new ConcurrentLinkedQueue<>();
  private final String recent;
  private final String old;
  private volatile boolean over;

  /**
   * @param batchesPerSecond of each of the two writers
   */
  OutageLoad(NodeProcess node, int batchesPerSecond) {
    this.node = node;
    Instant start = Instant.now().minus(Duration.ofHours(60));
    for (int i = 0; i < 2; i++) {
      SampleWriter writer = new SampleWriter("w" + i, start.toEpochMilli(), List.of(node));
      writer.persistAtRate(batchesPerSecond);
      writers.add(writer);
    }
    String labels =
        URLEncoder.encode("{\"writer\":\"w0\",\"series\":\"1\"}", StandardCharsets.UTF_8);
    String query = "/query/raw?metric_name=m&labels=" + labels;
    this.recent = query + "&start_time=" + start + "&end_time=" + start.plusSeconds(60);
    this.old =
        query
            + "&start_time="
            + start.minus(Duration.ofDays(9))
            + "&end_time="
            + start.minus(Duration.ofDays(8));
  }

  OutageLoad begin() {
    writers.forEach(Thread::start);
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> writers.stream().allMatch(writer -> writer.acknowledged().size() > 5));
    // From then on memory holds the last days whole, and answers for them alone.
    soon().until(() -> node.get("/metrics").body().contains("persist_replay_seconds_count 1"));
    ask("recent", recent, List.of(200));
    ask("old", old, List.of(200, 503));
    ask("/db/status", "/db/status", List.of(200));
    ask("/health/ready", "/health/ready", List.of(200));
    ask("/health/detailed", "/health/detailed", List.of(200));
    ask("/metrics/list", "/metrics/list", List.of(200));
    return this;
  }

  private void ask(String name, String path, List<Integer> expected) {
    askers.add(
        Thread.ofVirtual()
            .start(() -> {
              while (!over) {
                long start = System.nanoTime();
                try {
                  HttpResponse<String> answer = node.get(path);
                  if (!expected.contains(answer.statusCode())
                      || (answer.statusCode() == 503
                          && answer.headers().firstValue("Retry-After").isEmpty())) {
                    complaint(name, answer.statusCode() + " " + answer.body());
                  }
                  noteFigures(answer.body());
                } catch (UncheckedIOException e) {
                  complaint(name, e.toString());
                }
                longestMs.merge(name, (System.nanoTime() - start) / 1_000_000, Math::max);
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
              }
            }));
  }

  private void noteFigures(String body) {
    FIGURES
        .matcher(body)
        .results()
        .forEach(found -> largest.merge(found.group(1), Long.valueOf(found.group(2)), Math::max));
  }

  private void complaint(String name, String text) {
    complaints.add(Instant.now() + " " + name + ": " + text);
  }

  JsonObject status() {
    return node.getJson("/db/status");
  }

  static ConditionFactory soon() {
    return Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50));
  }

  /** Waits for a state of the database as the node tells it. */
  JsonObject awaitStatus(boolean connected, boolean writable) {
    soon()
        .untilAsserted(() -> {
          JsonObject status = status();
          assertThat(status.getString("status"))
              .as(status::toString)
              .isEqualTo(connected ? "connected" : "disconnected");
          assertThat(status.getBoolean("writable")).as(status::toString).isEqualTo(writable);
        });
    return status();
  }

  JsonObject awaitCause(String cause) {
    soon()
        .untilAsserted(
            () -> assertThat(status().toString()).contains("\"cause\":\"" + cause + "\""));
    return status();
  }

  /** Lets a state last, with writes acknowledged all along. */
  void last(Duration duration) {
    int[] before = writers.stream().mapToInt(writer -> writer.acknowledged().size()).toArray();
    long until = System.nanoTime() + duration.toNanos();
    // Writers that are ahead of a database that catches up are paced, so they may take longer.
    Awaitility.await()
        .atMost(duration.plus(PATIENCE))
        .until(() -> System.nanoTime() - until >= 0 && allAcknowledgedSince(before));
  }

  private boolean allAcknowledgedSince(int[] before) {
    return IntStream.range(0, before.length)
        .allMatch(i -> writers.get(i).acknowledged().size() > before[i]);
  }

  void awaitStored() {
    soon()
        .untilAsserted(() ->
            assertThat(status().getJsonObject("writeBehind").getInt("pendingSamples")).isZero());
  }

  List<SampleWriter> writers() {
    return writers;
  }

  int acknowledgedSamples() {
    return writers.stream().mapToInt(w -> w.acknowledged().size() * SampleWriter.BATCH).sum();
  }

  /** Ends the load and fails when an answer was wrong or late. */
  void end() throws InterruptedException {
    for (SampleWriter writer : writers) {
      writer.finish();
    }
    over = true;
    for (Thread asker : askers) {
      asker.join();
    }
    assertThat(complaints).as(node::logText).isEmpty();
    assertThat(longestMs.values()).as(longestMs::toString).allMatch(ms -> ms < LONGEST_ANSWER_MS);
    assertThat(writers).allMatch(writer -> writer.refusals() == 0);
    System.out.println(
        acknowledgedSamples()
            + " samples acknowledged, longest answers in ms: "
            + longestMs
            + ", largest figures: "
            + largest);
  }

  void assertHeldOnce() {
    for (SampleWriter writer : writers) {
      DatabaseSamples.assertHolds(Holdings.of(node, writer), writer, "the node");
    }
  }

  @Override
  public void close() {
    over = true;
    writers.forEach(SampleWriter::stopSoon);
  }
}
