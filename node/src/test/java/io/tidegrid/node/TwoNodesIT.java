package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two members without a database: killed in turn under load, nothing acknowledged is lost. */
class TwoNodesIT {

  @TempDir Path directory;

  @Test
  void everyAcknowledgedSampleSurvivesBothOldMembers() throws Exception {
    int firstPort = NodeProcess.freePort();
    int secondPort = NodeProcess.freePort();
    NodeProcess first = member("first", firstPort, secondPort);
    NodeProcess second = member("second", secondPort, firstPort);
    awaitMembers(second, 2);
    long start = System.currentTimeMillis() - Duration.ofHours(20).toMillis();
    List<SampleWriter> writers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      SampleWriter writer = new SampleWriter("w" + i, start, List.of(first, second));
      writers.add(writer);
      writer.start();
    }
    awaitBatches(writers, 60);
    first.kill();
    awaitBatches(writers, writers.getFirst().acknowledged().size() + 60);
    NodeProcess third = member("third", NodeProcess.freePort(), secondPort);
    awaitMembers(third, 2);
    for (SampleWriter writer : writers) {
      writer.finish();
    }
    check(third, writers);
    // The third member has its copies when the second says so.
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> second.getJson("/health/detailed").toString().contains("backed up"));
    second.kill();
    Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> check(third, writers));
    assertThat(third.terminate()).as(third::logText).isZero();
  }

  private static void check(NodeProcess node, List<SampleWriter> writers) {
    for (SampleWriter writer : writers) {
      BitSet held = Holdings.of(node, writer);
      for (SampleWriter.Acknowledged batch : writer.acknowledged()) {
        assertThat(held.nextClearBit(batch.first()))
            .as("batch %d of %s", batch.first(), writer.writer())
            .isGreaterThanOrEqualTo(batch.first() + SampleWriter.BATCH);
      }
    }
  }

  private static void awaitBatches(List<SampleWriter> writers, int batches) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> writers.stream().allMatch(writer -> writer.acknowledged().size() >= batches));
  }

  private static void awaitMembers(NodeProcess node, int members) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() ->
            assertThat(node.getJson("/health/detailed").toString())
                .contains(members + " member(s)")
                .contains("backed up"));
  }

  private NodeProcess member(String name, int port, int joined) throws Exception {
    Path home = Files.createDirectories(directory.resolve(name));
    return NodeProcess.up(
        home,
        "--storage",
        "memory",
        "--grid-port",
        Integer.toString(port),
        "--join",
        "127.0.0.1:" + joined,
        "--cluster-name",
        "two-nodes-" + firstOf(port, joined));
  }

  private String clusterName;

  /** All members of this test's cluster share a name that no other test has. */
  private String firstOf(int port, int joined) {
    if (clusterName == null) {
      clusterName = port + "-" + joined;
    }
    return clusterName;
  }
}
