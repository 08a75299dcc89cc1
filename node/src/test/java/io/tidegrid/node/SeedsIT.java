package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.http.SeedRequests;
import io.tidegrid.http.SeedRequests.Seed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The requests that users paste, sent to a packaged node, before and after restarts. */
class SeedsIT {

  private static final Set<String> OF_THE_NODE =
      Set.of(
          "/",
          "/health",
          "/health/detailed",
          "/health/ready",
          "/health/live",
          "/rollups",
          "/rollups?metric_name=cpu_usage",
          "/db/status",
          "/metrics");

  @TempDir Path directory;

  @Test
  void whatWasPastedIsFoundAfterEveryRestart() {
    Map<String, String> answers;
    try (NodeProcess node = NodeProcess.up(directory)) {
      SeedRequests.all().forEach(seed -> check(node, seed));
      answers = answers(node);
      assertThat(node.terminate()).as(node::logText).isZero();
    }
    try (NodeProcess node = NodeProcess.up(directory)) {
      awaitAnswers(node, answers);
      SeedRequests.all().stream().filter(SeedsIT::hasItsOwnTime).forEach(seed -> check(node, seed));
      assertThat(answers(node)).isEqualTo(answers);
      awaitPersisted(node);
      node.kill();
    }
    try (NodeProcess node = NodeProcess.up(directory)) {
      awaitAnswers(node, answers);
      assertThat(node.terminate()).as(node::logText).isZero();
    }
  }

  /** Lists show the last times of series once memory holds their samples again. */
  private static void awaitAnswers(NodeProcess node, Map<String, String> answers) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(() -> assertThat(answers(node)).isEqualTo(answers));
  }

  /** Returns the answers that depend on the samples alone. */
  private static Map<String, String> answers(NodeProcess node) {
    Map<String, String> answers = new LinkedHashMap<>();
    for (Seed seed : SeedRequests.all()) {
      if (!writes(seed) && !OF_THE_NODE.contains(seed.path())) {
        HttpResponse<String> answer = send(node, seed);
        assertThat(answer.statusCode()).as("%s: %s", seed, answer.body()).isEqualTo(seed.status());
        // How far windows are stored changes with time, and not with the samples.
        answers.put(seed.name(), answer.body().replaceAll("\"rollups\":\\[.*?]", ""));
      }
    }
    return answers;
  }

  private static boolean writes(Seed seed) {
    return seed.path().contains("/ingest") || seed.path().endsWith("/batch");
  }

  /** Sent again, these are the same samples; without a time they would be new ones. */
  private static boolean hasItsOwnTime(Seed seed) {
    return writes(seed) && seed.body().contains("\"timestamp\"");
  }

  private static void check(NodeProcess node, Seed seed) {
    HttpResponse<String> answer = send(node, seed);
    assertThat(answer.statusCode()).as("%s: %s", seed, answer.body()).isEqualTo(seed.status());
    String body = withoutSpace(answer.body());
    for (String text : seed.contains()) {
      assertThat(body).as("%s", seed).contains(withoutSpace(text));
    }
  }

  private static String withoutSpace(String text) {
    return text.replaceAll("\\s", "");
  }

  private static HttpResponse<String> send(NodeProcess node, Seed seed) {
    try {
      URI base = URI.create("http://127.0.0.1:" + node.port());
      return NodeProcess.CLIENT.send(seed.to(base), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void awaitPersisted(NodeProcess node) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() ->
            node.getJson("/db/status").getJsonObject("writeBehind").getInt("pendingSamples") == 0);
  }
}
